#include "core/base/check.hpp"

#include <gtest/gtest.h>

namespace firebreak {
namespace {

TEST(CheckDeathTest, StopsWithTheClaimAndItsPlace) {
    EXPECT_DEATH(FIREBREAK_CHECK(1 + 1 == 3), "check_test.cpp:[0-9]+: check failed: 1 \\+ 1 == 3");
}

TEST(Check, LetsTruthPassAndEvaluatesItOnce) {
    int evaluations = 0;
    FIREBREAK_CHECK(++evaluations == 1);
    EXPECT_EQ(evaluations, 1);
}

}  // namespace
}  // namespace firebreak
