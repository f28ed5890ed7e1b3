// Bundles of Sigma rules, judged with the real sigma engine, and with the museum's of July 2024.

#include <gtest/gtest.h>

#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/stages/goodware.hpp"

namespace firebreak::validator::test {
namespace {

using content::Verdict;

constexpr std::string_view kProcesses = "process_creation_windows/v1";

EngineFile sigma_engine() {
    return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so");
}
EngineFile museum_engine() {
    return engine_at(std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so");
}

std::size_t fields_of(std::string_view contract) {
    for (const sigma::SuppliedContract& supplied : sigma::supplied_contracts()) {
        if (supplied.contract == contract) return supplied.fields.size();
    }
    return 0;
}

/// One rule: `field` contains `text`.
sigma::Program program_of(std::string_view contract, std::uint16_t arity, std::uint16_t field,
                          std::string text) {
    sigma::Program program{.contract = std::string(contract), .arity = arity};
    program.predicates = {{.field = field, .op = sigma::Op::kContains, .text = std::move(text)}};
    program.rules = {{.id = "5f1abf38-one-rule",
                      .title = "One rule",
                      .level = "high",
                      .file = "one.yml",
                      .line = 1,
                      .nodes = {{.predicate = 0}}}};
    return program;
}

sigma::Program process_program(std::string text) {
    return program_of(kProcesses, static_cast<std::uint16_t>(fields_of(kProcesses)), 0,
                      std::move(text));
}

Bytes packed(const sigma::Program& program) {
    const Bytes file = *sigma::write_program(program);
    return pack({{"rules.sigma", to_text(file)}},
                {.stream = "sigma",
                 .content_type = std::string(sigma::kContentType),
                 .contracts = {sigma::contract_of(program.contract, program.arity)},
                 .capabilities = sigma::capabilities_of(program)});
}

/// Sixty events of good machines in one file. Its other files are not events, and are left out.
void add_events(const Bench& bench) {
    std::string lines;
    for (int i = 0; i < 60; ++i) {
        lines +=
            R"({"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational",)"
            R"("Provider_Name":"Microsoft-Windows-Sysmon"},"EventData":{"Image":"C:\\a.exe",)"
            R"("CommandLine":"a.exe )" +
            std::to_string(i) + "\"}}}\n";
    }
    bench.add_goodware("events.jsonl", lines);
}

RunRequest request(const Bench& bench, const sigma::Program& program, EngineFile engine) {
    RunRequest request = bench.request(packed(program));
    request.engines = {std::move(engine)};
    return request;
}

TEST(JudgeSigma, AdmitsRulesThatAreQuietOnGoodEvents) {
    Bench bench;
    add_events(bench);

    const JudgedRun run = bench.judged(request(bench, process_program("mimikatz"), sigma_engine()));

    ASSERT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_EQ(stage_of(run, "replay").executions, 60U);
    EXPECT_EQ(run.builds.at(0).rules, 1U);
}

TEST(JudgeSigma, FindsARuleThatMatchesGoodEvents) {
    Bench bench;
    add_events(bench);
    sigma::Program program = process_program("1");  // EventID 1: every one of them.

    const JudgedRun run = bench.judged(request(bench, program, sigma_engine()));

    EXPECT_EQ(run.verdict(), Verdict::kRejected) << told(run);
    const Finding* finding = finding_of(run, "FB701");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->input.find("events.jsonl:1"), std::string::npos);
    EXPECT_EQ(finding->place.file, "one.yml");
}

TEST(JudgeSigma, IsInconclusiveWithoutEvents) {
    Bench bench;
    const JudgedRun run = bench.judged(request(bench, process_program("mimikatz"), sigma_engine()));
    EXPECT_EQ(run.verdict(), Verdict::kInconclusive) << told(run);
}

TEST(JudgeSigma, RejectsTheRulesOfJuly2024ByTheirContract) {
    Bench bench;
    add_events(bench);
    const sigma::Program july = program_of("ipc_template/v1", 21, 20, "museum");

    const JudgedRun run = bench.judged(request(bench, july, museum_engine()));

    EXPECT_EQ(run.verdict(), Verdict::kRejected) << told(run);
    EXPECT_NE(finding_of(run, "FB304"), nullptr) << told(run);
}

/// With that gate off, only running the rules shows it: the museum's engine reads the 21st of 20
/// fields, and behind the 20th is a page that may not be touched.
TEST(JudgeSigma, SeesTheRulesOfJuly2024CrashTheirEngine) {
    Bench bench;
    add_events(bench);
    RunRequest asked =
        request(bench, program_of("ipc_template/v1", 21, 20, "museum"), museum_engine());
    asked.skipped = {"contract"};

    const JudgedRun run = bench.judged(std::move(asked));

    EXPECT_EQ(run.verdict(), Verdict::kRejected) << told(run);
    EXPECT_EQ(finding_of(run, "FB304"), nullptr) << told(run);
    EXPECT_EQ(finding_of(run, "FB502"), &run.findings.front()) << told(run);
}

TEST(JudgeSigma, ComparesWithWhatTheRulesReadWhateverTheManifestClaims) {
    Bench bench;
    add_events(bench);
    const sigma::Program july = program_of("ipc_template/v1", 21, 20, "museum");
    RunRequest asked =
        bench.request(pack({{"rules.sigma", to_text(*sigma::write_program(july))}},
                           {.stream = "sigma", .content_type = std::string(sigma::kContentType)}));
    asked.engines = {museum_engine()};

    const JudgedRun run = bench.judged(std::move(asked));

    EXPECT_NE(finding_of(run, "FB306"), nullptr) << told(run);
    const Finding* arity = finding_of(run, "FB304");
    ASSERT_NE(arity, nullptr) << told(run);
    EXPECT_NE(arity->message.find("supplies 20 fields of ipc_template/v1, which has 21; rule "
                                  "5f1abf38-one-rule reads field 21"),
              std::string::npos)
        << arity->message;
    EXPECT_EQ(arity->place.file, "one.yml");
}

TEST(JudgeSigma, RejectsAnotherArityEvenWhereNoRuleReadsThatFar) {
    Bench bench;
    add_events(bench);
    RunRequest asked =
        request(bench, program_of("ipc_template/v1", 21, 3, "museum"), museum_engine());

    EXPECT_NE(finding_of(bench.judged(std::move(asked)), "FB304"), nullptr);
}

TEST(JudgeSigma, CountsRulesAgainstWhatABuildTakes) {
    Bench bench;
    add_events(bench);
    sigma::Program program = program_of("ipc_template/v1", 20, 3, "museum");
    const sigma::Rule one = program.rules.front();
    program.rules.clear();
    for (int index = 1000; index < 2001; ++index) {
        program.rules.push_back(one);
        program.rules.back().id += std::to_string(index);
    }

    const JudgedRun run = bench.judged(request(bench, program, museum_engine()));

    const Finding* finding = finding_of(run, "FB307");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("1001 rules, sigma 7.11-museum takes 1000"), std::string::npos);
}

TEST(JudgeSigma, IsInconclusiveWithoutABuildOfTheCensus) {
    Bench bench;
    add_events(bench);
    RunRequest asked = request(bench, process_program("mimikatz"), sigma_engine());
    asked.alive = {sigma_engine().sha256, sha256(bytes_of("a build somewhere"))};

    const JudgedRun run = bench.judged(std::move(asked));

    EXPECT_EQ(run.verdict(), Verdict::kInconclusive) << told(run);
    EXPECT_NE(stage_of(run, "contract").reason.find("is alive in the census"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::validator::test
