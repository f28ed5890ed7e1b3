#include "core/base/smallest.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace firebreak {
namespace {

TEST(Smallest, FindsWhereItBeginsToHold) {
    for (int edge = 1; edge <= 9; ++edge) {
        EXPECT_EQ(smallest(1, 9, [edge](int value) { return value >= edge; }), edge);
    }
}

TEST(Smallest, DoesNotAskForTheLast) {
    EXPECT_EQ(smallest(1, 9, [](int) { return false; }), 9);
    EXPECT_EQ(smallest(1, 0, [](int) { return true; }), 0);
}

TEST(Smallest, DoesNotOverflow) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(smallest(std::int64_t{1}, kMost, [](std::int64_t value) { return value == kMost; }),
              kMost);
}

}  // namespace
}  // namespace firebreak
