#include "core/rollout/cohort.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "core/base/bytes.hpp"

namespace firebreak::rollout {
namespace {

// python3: int.from_bytes(sha256(sha256(b"bundle").digest() + device).digest()[:8], "big") * 10**9
// >> 64
TEST(Cohort, IsWhatItsFormulaSays) {
    const Sha256 bundle = sha256(bytes_of("bundle"));

    EXPECT_EQ(bucket(bundle, "device-1"), 89'280'977);
    EXPECT_EQ(bucket(bundle, "device-2"), 94'651'061);
    EXPECT_EQ(bucket(bundle, ""), 627'087'068);
}

TEST(Cohort, SpreadsDevicesEvenly) {
    const Sha256 bundle = sha256(bytes_of("bundle"));
    std::array<int, 10> tenths{};
    constexpr int kDevices = 10'000;
    for (int i = 0; i < kDevices; ++i) {
        const std::int64_t drawn = bucket(bundle, "device-" + std::to_string(i));
        ASSERT_GE(drawn, 0);
        ASSERT_LT(drawn, kPpbAll);
        ++tenths.at(static_cast<std::size_t>(drawn / (kPpbAll / 10)));
    }

    // Five standard deviations of a binomial(10000, 0.1) are 150.
    for (const int tenth : tenths) EXPECT_NEAR(tenth, kDevices / 10, 150);
}

TEST(Cohort, ShufflesWhoGoesFirstWithEveryBundle) {
    const Sha256 one = sha256(bytes_of("bundle 1"));
    const Sha256 other = sha256(bytes_of("bundle 2"));
    int first_in_both = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::string device = "device-" + std::to_string(i);
        const std::int64_t tenth = kPpbAll / 10;
        if (bucket(one, device) < tenth && bucket(other, device) < tenth) ++first_in_both;
    }

    // Independent draws: 1 % of 2000, and four and a half standard deviations.
    EXPECT_NEAR(first_in_both, 20, 20);
}

}  // namespace
}  // namespace firebreak::rollout
