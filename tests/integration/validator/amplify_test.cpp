// The doubling test, on rules that fail it and on rules that do not.

#include <gtest/gtest.h>

#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "sensor/sigma/program/program.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator::test {
namespace {

std::vector<Stage> amplify_alone() {
    std::vector<Stage> stages;
    for (const Stage& stage : all_stages()) {
        if (stage.name == "structure" || stage.name == "amplify") stages.push_back(stage);
    }
    stages.back().needs = {};
    return stages;
}

JudgedRun amplified_run(Bench& bench, Bytes bundle, const EngineFile& engine) {
    RunRequest request = bench.request(std::move(bundle));
    request.engines = {engine};
    request.profile = ProfileName::kPr;
    request.seed = 1;
    return bench.judged(std::move(request), amplify_alone());
}

/// A quadratic rule between others.
Bytes with_a_quadratic_rule() {
    return pack({{"a.yar", std::string(kGoodRule)},
                 {"b.yar", "rule fine { strings: $a = \"abcd\" condition: $a }\n" +
                               std::string(kQuadraticRule) + "rule last { condition: false }\n"}});
}

/// Rules that look for these texts in the first text field.
Bytes event_rules(const std::vector<std::string>& texts) {
    sigma::Program program{.contract = "dns_query_windows/v1"};
    const auto contracts = sigma::supplied_contracts();
    const auto known =
        std::ranges::find(contracts, program.contract, &sigma::SuppliedContract::contract);
    EXPECT_NE(known, contracts.end());
    program.arity = static_cast<std::uint16_t>(known->fields.size());
    const auto text_field =
        std::ranges::find(known->fields, sigma::FieldType::kText, &sigma::SuppliedField::type);
    const auto field = static_cast<std::uint16_t>(text_field - known->fields.begin());
    for (std::uint32_t number = 0; number < texts.size(); ++number) {
        program.predicates.push_back(
            {.field = field, .op = sigma::Op::kContains, .text = texts[number]});
        program.rules.push_back({.id = "5f1abf38-rule-" + std::to_string(number),
                                 .title = "Rule " + std::to_string(number),
                                 .level = "high",
                                 .file = "rules.yml",
                                 .line = number + 1,
                                 .nodes = {{.predicate = number}}});
    }
    return pack({{"rules.fbr", to_text(*sigma::write_program(program))}},
                {.stream = "sigma", .content_type = std::string(sigma::kContentType)});
}

EngineFile sigma_engine() {
    return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so");
}

std::string findings_of(const Run& run) {
    std::string text;
    for (const Finding& finding : run.findings) {
        text += finding.id + "|" + finding.place.file + "|" + finding.place.rule + "|" +
                finding.message + "|" + finding.evidence + "\n";
    }
    return text;
}

/// What `firebreak-validate reproduce` exits with.
int reproduced(const std::string& file, const EngineFile& engine) {
    PosixFileStore files;
    const SystemClock clock;
    const Terminal terminal(true);
    return reproduce({files, clock, terminal}, {.file = file, .engine = engine.path.string()});
}

TEST(Amplify, NamesTheRuleWhoseTimeGrowsTooFast) {
    Bench bench;

    const JudgedRun run = amplified_run(bench, with_a_quadratic_rule(), yara());

    const Finding* finding = finding_of(run, "FB801");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.rule, "quadratic");
    EXPECT_EQ(finding->place.file, "b.yar");
    EXPECT_EQ(run.findings.size(), 1U) << told(run);
    EXPECT_EQ(stage_of(run, "amplify").outcome, StageOutcome::kFailed);
}

TEST(Amplify, FindsTheSameForTheSameSeed) {
    Bench bench;
    const std::string first = findings_of(amplified_run(bench, with_a_quadratic_rule(), yara()));
    EXPECT_EQ(findings_of(amplified_run(bench, with_a_quadratic_rule(), yara())), first);
}

TEST(Amplify, WritesAReproducerThatMeasuresAgain) {
    Bench bench;
    const JudgedRun run =
        amplified_run(bench, pack({{"b.yar", std::string(kQuadraticRule)}}), yara());
    const Finding* finding = finding_of(run, "FB801");
    ASSERT_NE(finding, nullptr) << told(run);

    EXPECT_EQ(reproduced(finding->reproducer, yara()), 0);

    PosixFileStore files;
    Result<Reproducer> mended = parse_reproducer(*files.read(finding->reproducer, 64U << 20U));
    ASSERT_TRUE(mended);
    ASSERT_TRUE(mended->cost.has_value());
    EXPECT_EQ(mended->cost->smaller.size(), 6U);
    mended->files = {
        {"b.yar", to_bytes("rule mended { strings: $a = \"abcdefgh\" condition: #a > 3 }\n")}};
    const std::string file = (bench.folder() / "mended.json").string();
    ASSERT_TRUE(files.write(file, serialize(*mended), FileMode::kPublic));
    EXPECT_EQ(reproduced(file, yara()), 1);
}

TEST(Amplify, WritesReproducersOfWhatIsSlowAndOfWhatDies) {
    for (const auto& [direction, id] : {std::pair{"spin", "FB802"}, {"segfault", "FB804"}}) {
        Bench bench;
        RunRequest request = bench.request(pack(
            {{"a.yar", "rule victim { strings: $a = \"ON STAGE\" condition: $a }\n// act scan " +
                           std::string(direction) + "\n"}}));
        request.engines = {rogue("yara-actor")};
        request.figures = profile(ProfileName::kPr);
        request.figures->cost.amplified_cpu_max = std::chrono::milliseconds(100);

        const JudgedRun run = bench.judged(std::move(request), amplify_alone());

        const Finding* finding = finding_of(run, id);
        ASSERT_NE(finding, nullptr) << told(run);
        EXPECT_EQ(finding->place.rule, "victim");
        EXPECT_EQ(run.findings.size(), 1U) << told(run);
        EXPECT_EQ(reproduced(finding->reproducer, rogue("yara-actor")), 0);
    }
}

TEST(Amplify, FindsNothingInRulesThatCountWithinReason) {
    Bench bench;

    const JudgedRun run = amplified_run(
        bench,
        pack({{"a.yar", std::string(kGoodRule) +
                            "rule counts { strings: $a = \"abcdefgh\" condition: #a > 3 }\n"
                            "rule regex { strings: $a = /abcd[0-9]{1,9}e/ condition: $a }\n"}}),
        yara());

    EXPECT_EQ(stage_of(run, "amplify").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_EQ(findings_of(run), "");
    EXPECT_GT(stage_of(run, "amplify").executions, 15U);
}

TEST(Amplify, NamesTheEventRuleThatIsSlowOnALongField) {
    Bench bench;

    const JudgedRun run =
        amplified_run(bench, event_rules({"one text", "compares everything", "another text"}),
                      rogue("sigma-actor"));

    const Finding* finding = finding_of(run, "FB801");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.rule, "5f1abf38-rule-1") << told(run);
    EXPECT_EQ(reproduced(finding->reproducer, rogue("sigma-actor")), 0);
}

TEST(Amplify, FindsNothingInEventRulesThatAreNot) {
    Bench bench;

    const JudgedRun run = amplified_run(
        bench, event_rules({"one text", "compares everything", "another text"}), sigma_engine());

    EXPECT_EQ(stage_of(run, "amplify").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_GT(stage_of(run, "amplify").executions, 10U);
}

}  // namespace
}  // namespace firebreak::validator::test
