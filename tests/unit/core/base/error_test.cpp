#include "core/base/error.hpp"

#include <gtest/gtest.h>
#include <set>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

TEST(Error, KeepsItsCodeWhileItsContextGrowsOutwards) {
    const Error inner(Errc::kTooLarge, "line 3");

    const Error outer = inner.seen_from("plan.yaml").seen_from("publish");

    EXPECT_EQ(outer, Errc::kTooLarge);
    EXPECT_EQ(outer.context(), "publish: plan.yaml: line 3");
    EXPECT_EQ(outer.to_string(), "publish: plan.yaml: line 3 (firebreak: too large)");
    EXPECT_EQ(inner.context(), "line 3");
}

TEST(Error, CarriesAnErrnoUnchanged) {
    const Error error(std::make_error_code(std::errc::no_space_on_device), "state.json");

    EXPECT_EQ(error, std::make_error_code(std::errc::no_space_on_device));
    EXPECT_NE(error.to_string().find("No space left on device"), std::string::npos);
}

TEST(ErrorDeathTest, IsNeverSuccess) {
    EXPECT_DEATH(Error(std::error_code(), "nothing"), "check failed");
}

TEST(Errc, HasNumbersThatNeverChange) {
    // They are in logs and reports of deployed versions.
    EXPECT_EQ(static_cast<int>(Errc::kMalformed), 1);
    EXPECT_EQ(static_cast<int>(Errc::kTooLarge), 2);
    EXPECT_EQ(static_cast<int>(Errc::kNotFound), 3);
    EXPECT_EQ(static_cast<int>(Errc::kInvalid), 4);
    EXPECT_EQ(static_cast<int>(Errc::kConflict), 5);
    EXPECT_EQ(static_cast<int>(Errc::kUnavailable), 6);
    EXPECT_EQ(static_cast<int>(Errc::kDenied), 7);
    EXPECT_EQ(static_cast<int>(Errc::kUnsupported), 8);
    EXPECT_EQ(static_cast<int>(Errc::kCorrupt), 9);
}

TEST(Errc, HasADistinctMessageForEachNumber) {
    std::set<std::string> messages;
    for (int number = 1; number <= 9; ++number) {
        messages.insert(make_error_code(static_cast<Errc>(number)).message());
    }
    EXPECT_EQ(messages.size(), 9U);
    EXPECT_FALSE(messages.contains("unknown"));
    EXPECT_EQ(make_error_code(static_cast<Errc>(99)).message(), "unknown");
}

TEST(Result, HoldsTheErrorThatFailMade) {
    const Result<int> result = fail(Errc::kDenied, "token");
    const Result<int> again = fail(result.error().seen_from("publish"));

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), Errc::kDenied);
}

}  // namespace
}  // namespace firebreak
