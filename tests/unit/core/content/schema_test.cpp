// What a person is told about a document that breaks its schema.
#include "core/content/schema.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/unit/core/content/schema_samples.hpp"

namespace firebreak::content {
namespace {

/// "place pointer: message" of each issue of kPlan with `from` replaced by `to`.
std::vector<std::string> issues_with(std::string_view from, std::string_view to) {
    std::string text(kPlan);
    text.replace(text.find(from), from.size(), to);
    std::vector<std::string> lines;
    for (const SchemaIssue& issue : check_schema("ring-plan.v1", yaml(text))) {
        lines.push_back(issue.place + " " + issue.pointer + ": " + issue.message);
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(CheckSchema, NamesTheUnknownMemberAndTheKnownOnes) {
    EXPECT_EQ(
        issues_with("vendor_own", "vendorown"),
        Lines{"x.yaml:7:5 /rings/0/vendorown: unknown member; known are approvals, bake_floor, "
              "description, name, promote, vendor_own, window"});
}

TEST(CheckSchema, SaysWhatIsMissingAndWhatItIs) {
    EXPECT_EQ(issues_with(", max: 5", ""),
              Lines{"x.yaml:8:5 /rings/0/window: must have 'max' (devices at most, after doubling; "
                    "not under start)"});
}

TEST(CheckSchema, SaysTheBound) {
    EXPECT_EQ(issues_with("start: 3", "start: 0"),
              Lines{"x.yaml:8:14 /rings/0/window/start: must be at least 1"});
    EXPECT_EQ(issues_with("start: 3", "start: 2000000"),
              Lines{"x.yaml:8:14 /rings/0/window/start: must be at most 1000000"});
    EXPECT_EQ(issues_with("alpha: 0.0001", "alpha: 0"),
              Lines{"x.yaml:13:3 /halt/alpha: must be more than 0"});
    EXPECT_EQ(issues_with("alpha: 0.0001", "alpha: -1"),
              Lines{"x.yaml:13:3 /halt/alpha: must be more than 0"});
}

TEST(CheckSchema, SaysToQuoteANumberThatMustBeText) {
    EXPECT_EQ(issues_with("bake_floor: 2s", "bake_floor: 2"),
              Lines{"x.yaml:9:5 /rings/0/bake_floor: must be text; put it in quotes (time from "
                    "the last confirmation to the next ring, at least, such as 15m)"});
}

TEST(CheckSchema, SaysTheFormOfAText) {
    for (const char* duration : {"2 s", "2d", "s", "-2s", "02s", "2S", "2.5s", "1e3s", "'2s\\n'"}) {
        const Lines lines = issues_with("bake_floor: 2s", "bake_floor: " + std::string(duration));
        ASSERT_EQ(lines.size(), 1U) << duration;
        EXPECT_NE(lines[0].find("does not have the form it must have (time from"),
                  std::string::npos);
    }
}

TEST(CheckSchema, DoesNotTakeALineFeedForTheEndOfAText) {
    EXPECT_EQ(issues_with("bake_floor: 2s", "bake_floor: \"2s\\n\"").size(), 1U);
    EXPECT_EQ(issues_with("name: lab", "name: \"lab\\n../x\"").size(), 1U);
}

TEST(CheckSchema, ListsTheChoices) {
    std::string text(kServer);
    text.replace(text.find("level: debug"), 12, "level: loud");

    const SchemaIssue issue = first_issue("server-config.v1", yaml(text));

    EXPECT_EQ(issue.message, "must be one of debug, info, warning, error");
}

TEST(CheckSchema, NamesTheSecondOfTwoEqualItems) {
    std::string text(kPack);
    text.replace(text.find("extra.yar"), 9, "rules/*.yar");

    const SchemaIssue issue = first_issue("pack.v1", yaml(text));

    EXPECT_EQ(issue.pointer, "/files/1");
    EXPECT_EQ(issue.message, "is in the list already");
}

TEST(CheckSchema, ReportsIssuesInTheOrderOfTheDocument) {
    std::string text(kServer);
    text.replace(text.find("port: 8443"), 10, "port: 84430");
    text.replace(text.find("tick_ms: 200"), 12, "tick_ms: no");
    text.replace(text.find("state: state"), 12, "state: ''");

    const std::vector<SchemaIssue> issues = check_schema("server-config.v1", yaml(text));

    ASSERT_EQ(issues.size(), 3U);
    EXPECT_EQ(issues[0].pointer, "/listen/port");
    EXPECT_EQ(issues[1].message, "must have at least 1 character, has 0");
    EXPECT_EQ(issues[2].pointer, "/controller/tick_ms");
}

TEST(CheckSchema, StopsAtAScreenful) {
    std::string text(kPlan);
    for (int i = 0; i < 500; ++i) text += "extra" + std::to_string(i) + ": 1\n";

    EXPECT_EQ(check_schema("ring-plan.v1", yaml(text)).size(), 50U);
}

TEST(RequireSchema, PutsEveryIssueIntoOneLine) {
    const Result<void> checked = require_schema(
        "pack.v1", yaml("stream: yara\ncontent_type: 7\nfiles: [a.yar]\nauthor: ''\n"));

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error(), Errc::kInvalid);
    EXPECT_EQ(checked.error().context(),
              "x.yaml:2:1: /content_type: must be text; put it in quotes (what an engine must "
              "declare to load, such as yara-source; or sigma-rules, compiled when packed); "
              "x.yaml:4:1: /author: must have at least 1 "
              "character, has 0");
}

}  // namespace
}  // namespace firebreak::content
