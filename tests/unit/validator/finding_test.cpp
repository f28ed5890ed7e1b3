#include "validator/report/finding.hpp"

#include <gtest/gtest.h>
#include <set>

#include "core/base/file_store.hpp"
#include "validator/stages/faults.hpp"

namespace firebreak::validator {
namespace {

TEST(FindingRules, AreEachExplainedInTheDocument) {
    const Result<Bytes> file =
        PosixFileStore().read(FIREBREAK_SOURCE_DIR "/docs/findings.md", 1U << 20U);
    ASSERT_TRUE(file);
    const std::string_view text = text_of(*file);
    for (const FindingRule& rule : finding_rules()) {
        const std::string row = "| " + std::string(rule.id) + " | " + std::string(rule.name) +
                                " | " + std::string(to_string(rule.level)) + " | " +
                                std::string(rule.title) + " | " + std::string(rule.remedy) + " |";

        EXPECT_NE(text.find(row), std::string_view::npos) << row;
    }
}

TEST(FindingRules, HaveIdsAndNamesOfTheirOwn) {
    std::set<std::string_view> ids;
    std::set<std::string_view> names;
    for (const FindingRule& rule : finding_rules()) {
        EXPECT_TRUE(rule.id.size() == 5 || rule.id.size() == 6) << rule.id;
        EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
        EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
        EXPECT_EQ(&finding_rule(rule.id), &rule);
    }
}

TEST(FindingRules, RejectForEveryWayAnEngineCanFail) {
    for (const Outcome outcome : {Outcome::kRefused, Outcome::kFailed, Outcome::kCrashed,
                                  Outcome::kExited, Outcome::kTimedOut, Outcome::kOutOfMemory,
                                  Outcome::kForbiddenCall, Outcome::kBrokenAnswer}) {
        EXPECT_EQ(finding_rule(load_fault_id(outcome)).level, Level::kError);
        EXPECT_EQ(finding_rule(scan_fault_id(outcome)).level, Level::kError);
        EXPECT_EQ(finding_rule(fuzz_fault_id(outcome)).level, Level::kError);
    }
}

TEST(Fingerprint, StaysWhenAFindingMovesAndNotWhenItIsAnother) {
    const Finding one{.id = "FB701", .place = {"a.yar", 3, "r"}, .input = "/usr/bin/ls"};
    Finding moved = one;
    moved.place.line = 9;
    moved.message = "in other words";
    Finding other = one;
    other.input = "/usr/bin/cat";

    EXPECT_EQ(fingerprint(moved), fingerprint(one));
    EXPECT_NE(fingerprint(other), fingerprint(one));
}

TEST(Fingerprint, KnowsWhereOnePartEnds) {
    const Finding one{.id = "FB701", .place = {"ab", 0, "c"}};
    const Finding other{.id = "FB701", .place = {"a", 0, "bc"}};

    EXPECT_NE(fingerprint(one), fingerprint(other));
}

TEST(Outcomes, KeepTheirNames) {
    for (int number = 0; number <= static_cast<int>(Outcome::kNotRun); ++number) {
        const auto outcome = static_cast<Outcome>(number);
        const Result<Outcome> read = outcome_of(to_string(outcome));
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, outcome);
    }
    EXPECT_FALSE(outcome_of("passed"));
}

TEST(Outcomes, PassOnlyWhenAccepted) {
    EXPECT_FALSE(passes(Verdict{}));
    EXPECT_TRUE(passes(Verdict{.outcome = Outcome::kAccepted}));
    EXPECT_EQ(describe({.outcome = Outcome::kCrashed, .detail = 11}), "crashed (SIGSEGV)");
    EXPECT_EQ(describe({.outcome = Outcome::kForbiddenCall, .detail = -1}),
              "made a forbidden call (number not known)");
    EXPECT_EQ(describe({.outcome = Outcome::kRefused, .message = "no"}), "refused: no");
}

}  // namespace
}  // namespace firebreak::validator
