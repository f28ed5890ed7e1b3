#include "core/base/random.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace firebreak {
namespace {

/// Gives the numbers it was made with, eight bytes each.
class ScriptedRandom final : public Random {
public:
    explicit ScriptedRandom(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}

    void fill(std::span<std::uint8_t> bytes) override {
        ASSERT_EQ(bytes.size(), sizeof(std::uint64_t));
        ASSERT_LT(next_, numbers_.size());
        std::memcpy(bytes.data(), &numbers_[next_++], bytes.size());
    }
    std::size_t used() const { return next_; }

private:
    std::vector<std::uint64_t> numbers_;
    std::size_t next_ = 0;
};

TEST(Random, DrawsAgainRatherThanFavourLowNumbers) {
    // 2^64 mod 10 is 6: the numbers 0 to 5 would be the surplus.
    ScriptedRandom random({0, 5, 6});

    EXPECT_EQ(random.below(10), 6U);
    EXPECT_EQ(random.used(), 3U);
}

TEST(Random, NeedsOneDrawForAPowerOfTwo) {
    ScriptedRandom random({0, std::numeric_limits<std::uint64_t>::max()});

    EXPECT_EQ(random.below(1), 0U);
    EXPECT_EQ(random.below(16), 15U);
}

TEST(Random, ReachesEveryNumberBelowTheBoundAndNoOther) {
    SeededRandom random(1);
    std::array<int, 7> counts{};
    for (int i = 0; i < 7'000; ++i) ++counts.at(random.below(7));
    for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(RandomDeathTest, HasNothingBelowZero) {
    SeededRandom random(1);
    EXPECT_DEATH(random.below(0), "check failed");
}

TEST(SystemRandom, DoesNotRepeatItself) {
    SystemRandom random;

    EXPECT_NE(random.bytes(32), random.bytes(32));
    EXPECT_TRUE(random.bytes(0).empty());
}

TEST(SeededRandom, GivesTheBytesThatTheStandardFixes) {
    // [rand.predef]: the 10000th value of a default seeded mt19937_64 is 9981545732273789042.
    SeededRandom random(std::mt19937_64::default_seed);
    random.bytes(9999 * 8);

    EXPECT_EQ(random.bytes(8), (Bytes{0x72, 0xD8, 0x7E, 0x81, 0xF5, 0x92, 0x85, 0x8A}));
}

TEST(SeededRandom, DependsOnItsSeedAlone) {
    EXPECT_EQ(SeededRandom(7).bytes(100), SeededRandom(7).bytes(100));
    EXPECT_NE(SeededRandom(7).bytes(100), SeededRandom(8).bytes(100));
}

}  // namespace
}  // namespace firebreak
