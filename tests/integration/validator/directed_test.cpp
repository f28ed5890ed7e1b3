// The directed stage: events made for rules, run in real engines behind the sandbox.

#include <gtest/gtest.h>

#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/report/report.hpp"
#include "validator/report/reproducer.hpp"

namespace firebreak::validator::test {
namespace {

using sigma::Op;
using sigma::Program;

constexpr std::string_view kProcesses = "process_creation_windows/v1";

EngineFile sigma_engine() {
    return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so");
}
EngineFile museum_engine() {
    return engine_at(std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so");
}

std::uint16_t fields_of(std::string_view contract) {
    for (const sigma::SuppliedContract& supplied : sigma::supplied_contracts()) {
        if (supplied.contract == contract)
            return static_cast<std::uint16_t>(supplied.fields.size());
    }
    return 0;
}

/// One rule that wants all of the predicates.
Program rule_of_all(std::string_view contract, std::uint16_t arity,
                    std::vector<sigma::Predicate> predicates) {
    Program program{.contract = std::string(contract), .arity = arity};
    sigma::Rule rule{.id = "5f1abf38-one-rule", .title = "One rule", .file = "one.yml", .line = 3};
    sigma::Node all{.kind = sigma::Node::Kind::kAll};
    for (std::uint32_t i = 0; i < predicates.size(); ++i) {
        rule.nodes.push_back({.predicate = i});
        all.children.push_back(i);
    }
    rule.nodes.push_back(all);
    program.predicates = std::move(predicates);
    program.rules = {rule};
    return program;
}

/// Four criteria, and then the field that the build does not supply.
Program july_2024() {
    return rule_of_all("ipc_template/v1", 21,
                       {{.field = 3, .op = Op::kEquals, .text = "pipe"},
                        {.field = 7, .op = Op::kStartsWith, .text = "\\Device\\"},
                        {.field = 11, .op = Op::kContains, .text = "suspicious"},
                        {.field = 15, .op = Op::kEndsWith, .text = ".exe"},
                        {.field = 20, .op = Op::kEquals, .text = "museum"}});
}

/// The directed stage alone: what stands before it is switched off.
JudgedRun directed(Bench& bench, const Program& program, EngineFile engine) {
    RunRequest request =
        bench.request(pack({{"rules.sigma", to_text(*sigma::write_program(program))}},
                           {.stream = "sigma", .content_type = std::string(sigma::kContentType)}));
    request.engines = {std::move(engine)};
    for (const Stage& stage : all_stages()) {
        if (stage.name != "structure" && stage.name != "directed") {
            request.skipped.emplace_back(stage.name);
        }
    }
    return bench.judged(std::move(request));
}

TEST(Directed, FindsTheCrashOfJuly2024WithinAHundredExecutions) {
    Bench bench;

    const JudgedRun run = directed(bench, july_2024(), museum_engine());

    const Finding* finding = finding_of(run, "FB601");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "one.yml");
    const std::string at = "at execution ";
    const std::size_t number = finding->message.find(at);
    ASSERT_NE(number, std::string::npos);
    EXPECT_LE(std::stoi(finding->message.substr(number + at.size())), 100) << finding->message;
    std::printf("%s\n", finding->message.c_str());
    EXPECT_EQ(stage_of(run, "directed").outcome, StageOutcome::kFailed);
    // It can be played again, with the rule and the values that it takes and no others.
    const auto bytes = PosixFileStore().read(finding->reproducer, 1U << 20U);
    ASSERT_TRUE(bytes) << finding->reproducer;
    const auto reproducer = parse_reproducer(*bytes);
    ASSERT_TRUE(reproducer);
    EXPECT_EQ(reproducer->files.at(0).name, "rule.sigma");
    EXPECT_EQ(reproducer->expected, Outcome::kCrashed);
}

TEST(Directed, AcceptsRulesThatDoWhatTheySay) {
    Bench bench;
    const Program program = rule_of_all(kProcesses, fields_of(kProcesses),
                                        {{.field = 1, .op = Op::kEndsWith, .text = "\\cmd.exe"},
                                         {.field = 2, .op = Op::kRegex, .text = "-[a-z]{3}\\d"},
                                         {.field = 3, .op = Op::kContains, .text = "mimikatz"}});

    const JudgedRun run = directed(bench, program, sigma_engine());

    EXPECT_EQ(run.findings.size(), 0U) << told(run);
    EXPECT_EQ(stage_of(run, "directed").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_GE(stage_of(run, "directed").executions, 20U);
    ASSERT_EQ(run.coverage.size(), 1U);
    EXPECT_EQ(run.coverage[0].rules, 1U);
    EXPECT_EQ(run.coverage[0].rules_matched, 1U);
    EXPECT_EQ(run.coverage[0].uses, 3U);
    EXPECT_EQ(run.coverage[0].both, 3U);
    EXPECT_NE(text_report(run, Terminal(false)).find("coverage"), std::string::npos);
}

TEST(Directed, WarnsOfACriterionThatNothingReaches) {
    Bench bench;
    const Program program = rule_of_all(kProcesses, fields_of(kProcesses),
                                        {{.field = 1, .op = Op::kEquals, .text = "one"},
                                         {.field = 1, .op = Op::kEquals, .text = "two"},
                                         {.field = 3, .op = Op::kContains, .text = "mimikatz"}});

    const JudgedRun run = directed(bench, program, sigma_engine());

    const Finding* finding = finding_of(run, "FB607");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("field 4 of"), std::string::npos) << finding->message;
    EXPECT_EQ(run.coverage.at(0).read, 1U);
    // Beside what is said of the machine.
    EXPECT_EQ(std::ranges::count_if(run.notes,
                                    [](const std::string& note) {
                                        return note.find("1 of 1 rules") != std::string::npos;
                                    }),
              1);
}

TEST(Directed, WarnsOfACriterionThatIsAnsweredOneWay) {
    Bench bench;
    const Program program = rule_of_all(kProcesses, fields_of(kProcesses),
                                        {{.field = 1, .op = Op::kEquals, .text = "one"},
                                         {.field = 1, .op = Op::kContains, .text = "n"}});

    const JudgedRun run = directed(bench, program, sigma_engine());

    const Finding* finding = finding_of(run, "FB608");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("contains was always met"), std::string::npos)
        << finding->message;
    EXPECT_EQ(stage_of(run, "directed").outcome, StageOutcome::kPassed);
}

/// The museum's interpreter takes no number for a value.
TEST(Directed, FindsAnEngineThatReadsARuleOtherwise) {
    Bench bench;
    const Program program = rule_of_all("ipc_template/v1", 20, {{.field = 3, .op = Op::kPresent}});

    const JudgedRun run = directed(bench, program, museum_engine());

    const Finding* finding = finding_of(run, "FB606");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("does not match"), std::string::npos);
    EXPECT_EQ(finding_of(run, "FB607"), nullptr);  // It cannot measure, and a note says so.
    EXPECT_NE(told(run).size(), 0U);
    EXPECT_NE(std::ranges::find_if(run.notes,
                                   [](const std::string& note) {
                                       return note.find("does not measure") != std::string::npos;
                                   }),
              run.notes.end());
}

TEST(Directed, FindsTheSameForTheSameSeed) {
    Bench bench;
    const auto findings = [&] {
        std::string all;
        const JudgedRun run = directed(bench, july_2024(), museum_engine());
        for (const Finding& finding : run.findings) all += finding.message + "\n";
        return all + std::to_string(stage_of(run, "directed").executions);
    };

    EXPECT_EQ(findings(), findings());
}

TEST(Directed, DrivesFilesMadeOutOfStrings) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    for (const Stage& stage : all_stages()) {
        if (stage.name != "structure" && stage.name != "directed") {
            request.skipped.emplace_back(stage.name);
        }
    }

    const JudgedRun run = bench.judged(std::move(request));

    EXPECT_EQ(run.findings.size(), 0U) << told(run);
    EXPECT_EQ(stage_of(run, "directed").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_GT(stage_of(run, "directed").executions, 5U);
}

}  // namespace
}  // namespace firebreak::validator::test
