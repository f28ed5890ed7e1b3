// `firebreak try`: what matches, where and why; and each way in which rules or events can be wrong.

#include "tests/unit/cli/try_bench.hpp"

namespace firebreak::cli {
namespace {

constexpr std::string_view kRule = R"(title: Reg Tool
id: 7d2b3c7e-5f0e-4d0b-9a51-0c8a3a3f2b11
level: low
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\reg.exe'
    condition: selection
)";

constexpr std::string_view kHit =
    R"({"contract": "process_creation_windows", "fields": {"Image": "C:\\reg.exe"}})";
constexpr std::string_view kMiss =
    R"({"contract": "process_creation_windows", "fields": {"Image": "C:\\cmd.exe"}})";

class Try : public TryBench {
protected:
    std::string rule_ = write("rules/reg.yml", kRule);
};

TEST_F(Try, NamesRulePlaceEventFieldAndValue) {
    const std::string events =
        write("e.jsonl", std::string(kMiss) + "\n\n" + std::string(kHit) + "\n");

    const Result<Output> output = run(rule_, events);

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->exit_code, 0);
    EXPECT_EQ(output->text, events + ":3: Reg Tool [low] (" + rule_ +
                                ":1)\n    rule 7d2b3c7e-5f0e-4d0b-9a51-0c8a3a3f2b11\n"
                                "    Image=\"C:\\reg.exe\"\n2 events, 1 matched, by 1 rule\n");
    ASSERT_EQ(output->data.at("matches").as_array().size(), 1U);
    const json::value& match = output->data.at("matches").at(0);
    EXPECT_EQ(match.at("number"), json::value(2));
    EXPECT_EQ(match.at("file"), json::value(rule_));
    EXPECT_EQ(match.at("detail"), json::value("Image=\"C:\\reg.exe\""));
    EXPECT_EQ(match.at("contract"), json::value("process_creation_windows/v1"));
}

TEST_F(Try, TakesEventsOnLinesInArraysAndOneAfterTheOther) {
    const std::string hit(kHit);
    const std::string pretty =
        "{\n  \"contract\": \"process_creation_windows\",\n  \"fields\":\n"
        "    {\"Image\": \"}\\\"\\\\reg.exe\"}\n}\n";
    for (const std::string& text : {hit + "\n" + hit, "[" + hit + ", " + hit + "]", pretty + pretty,
                                    hit + hit, "\xEF\xBB\xBF" + hit + "\r\n" + hit + "\r\n"}) {
        const Result<Output> output = run(rule_, write("e.json", text));
        ASSERT_TRUE(output) << text << output.error().to_string();
        EXPECT_EQ(output->data.at("matched"), json::value(2)) << text;
    }
}

TEST_F(Try, SaysWhereAnEventIsNoJson) {
    const std::string events = write("e.jsonl", std::string(kHit) + "\n{\"a\": nope}\n");

    const Result<Output> output = run(rule_, events);

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error(), make_error_code(Errc::kBadInput));
    EXPECT_EQ(output.error().context().find(events + ":2:"), 0U) << output.error().context();
}

TEST_F(Try, SaysWhereAnEventIsNoEvent) {
    const std::string events = write("e.jsonl", std::string(kHit) + "\n42\n");

    const Result<Output> output = run(rule_, events);

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().context().find(events + ":2: an event is a JSON object"), 0U);
}

TEST_F(Try, NamesARuleThatDoesNotCompileAndRunsTheOthers) {
    const std::string broken = write("rules/broken.yml", "title: x\nid: y\n");

    const Result<Output> output = run((folder_ / "rules").string(), write("e.json", kHit));

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->exit_code, 2);
    EXPECT_EQ(output->text.find(broken + ":"), 0U) << output->text;
    EXPECT_EQ(output->data.at("matched"), json::value(1));
    EXPECT_EQ(output->data.at("rules_failed"), json::value(1));
}

TEST_F(Try, KeepsAnExpectationByItsExitCode) {
    const std::string hit = write("hit.json", kHit);
    const std::string miss = write("miss.json", kMiss);

    EXPECT_EQ(run(rule_, hit, Expectation::kMatch)->exit_code, 0);
    EXPECT_EQ(run(rule_, miss, Expectation::kMatch)->exit_code, 1);
    EXPECT_EQ(run(rule_, hit, Expectation::kNoMatch)->exit_code, 1);
    EXPECT_EQ(run(rule_, miss, Expectation::kNoMatch)->exit_code, 0);
    // Nothing was tried: that is no match.
    EXPECT_EQ(run(rule_, write("none.jsonl", "\n"), Expectation::kMatch)->exit_code, 1);
}

TEST_F(Try, TakesAnyObjectForAContractThatIsNamed) {
    const std::string events = write("e.json", R"({"image": "C:\\reg.exe", "other": 1})");

    EXPECT_EQ(run(rule_, events)->data.at("unknown"), json::value(1));
    const Result<Output> named =
        run(rule_, events, Expectation::kNothing, "process_creation_windows");
    ASSERT_TRUE(named);
    EXPECT_EQ(named->data.at("matched"), json::value(1));
    EXPECT_FALSE(run(rule_, events, Expectation::kNothing, "no_such_contract"));
}

TEST_F(Try, RefusesRulesThatAreNotThereOrOfTwoKinds) {
    const std::string events = write("e.json", kHit);
    write("both/a.yml", kRule);
    write("both/b.yar", "rule b { condition: true }");
    write("empty/readme.txt", "no rules");

    for (const std::string name : {"both", "empty", "missing"}) {
        const Result<Output> output = run((folder_ / name).string(), events);
        ASSERT_FALSE(output) << name;
        EXPECT_EQ(output.error(), make_error_code(Errc::kBadInput));
    }
}

TEST_F(Try, ScansFilesWithYaraRules) {
    const std::string rules = write("y/marker.yar",
                                    "rule marker\n{\n strings: $a = \"MARK\"\n"
                                    " condition: $a\n}\n");
    write("files/a.txt", "a MARK here");
    write("files/below/b.txt", "nothing");

    const Result<Output> output = run(rules, (folder_ / "files").string());

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->data.at("inputs"), json::value(2));
    ASSERT_EQ(output->data.at("matches").as_array().size(), 1U);
    EXPECT_EQ(output->data.at("matches").at(0).at("rule"), json::value("marker"));
    EXPECT_EQ(output->data.at("matches").at(0).at("line"), json::value(1));
    EXPECT_NE(output->text.find("files/a.txt: marker"), std::string::npos) << output->text;
}

}  // namespace
}  // namespace firebreak::cli
