// The fuzz stage over engines that go wrong on few inputs only, and over real ones: what it finds,
// that it finds the same again, and that it leaves good content alone.

#include <csignal>
#include <gtest/gtest.h>

#include "sensor/sigma/program/capabilities.hpp"
#include "sensor/sigma/program/program.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/commands/commands.hpp"
#include "validator/proof/trial.hpp"

namespace firebreak::validator::test {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// The stages up to fuzz, which needs nothing here: what the others would find is not the point.
const Stage* stage_named(std::string_view name) {
    return &*std::ranges::find(all_stages(), name, &Stage::name);
}

std::vector<Stage> fuzz_alone() {
    std::vector<Stage> stages{*stage_named("structure"), *stage_named("fuzz")};
    stages[1].needs = {};
    for (StageBudget& budget : stages[1].budgets) {
        budget = {.time = std::chrono::minutes{5}, .executions_min = 100};
    }
    return stages;
}

RunRequest request(const Bench& bench, const EngineFile& engine, Bytes bundle,
                   std::uint64_t executions) {
    RunRequest request = bench.request(std::move(bundle));
    request.engines = {engine};
    request.profile = ProfileName::kPr;
    request.fuzz.executions = executions;
    request.seed = 1;
    return request;
}

/// Rules with stage directions for the actor.
Bytes directed(const std::string& direction) {
    return pack({{"a.yar", std::string(kGoodRule) + "// act " + direction + "\n"}});
}

Bytes trapdoor() {
    return pack({{"rules.yar", "rule trap { \"trapdoor\" }\n"}});
}

/// All of what a report says of findings; folders left out.
std::string findings_of(const Run& run) {
    std::string text;
    for (const Finding& finding : run.findings) {
        text += finding.id + "|" + finding.place.file + "|" + finding.message + "|" +
                finding.input + "|" + finding.evidence + "\n";
    }
    return text;
}

TEST(Fuzz, FindsTheWordThatAnEngineDiesOf) {
    Bench bench;

    const JudgedRun run =
        bench.judged(request(bench, rogue("crash-on-word"), trapdoor(), 400), fuzz_alone());

    const Finding* finding = finding_of(run, "FB1001");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("an input of 8 bytes"), std::string::npos) << told(run);
    EXPECT_EQ(finding->seen_again, 3) << told(run);
    EXPECT_EQ(finding->place.file, "rules.yar");
    EXPECT_EQ(run.findings.size(), 1U) << told(run);
}

TEST(Fuzz, WritesAReproducerThatReproduces) {
    Bench bench;
    const JudgedRun run =
        bench.judged(request(bench, rogue("crash-on-word"), trapdoor(), 400), fuzz_alone());
    const Finding* finding = finding_of(run, "FB1001");
    ASSERT_NE(finding, nullptr) << told(run);

    const Result<Bytes> file = PosixFileStore().read(finding->reproducer, kReproducerBytesMax);
    ASSERT_TRUE(file);
    const Result<Reproducer> reproducer = parse_reproducer(*file);

    ASSERT_TRUE(reproducer);
    EXPECT_EQ(to_text(reproducer->input), "trapdoor");
    EXPECT_EQ(reproducer->expected, Outcome::kCrashed);
    EXPECT_EQ(reproducer->finding, "FB1001");
}

TEST(Fuzz, FindsTheSameForTheSameSeedWhateverTheJobs) {
    std::string first;
    for (const unsigned jobs : {1U, 2U}) {
        Bench bench;
        RunRequest asked = request(bench, rogue("crash-on-word"), trapdoor(), 400);
        asked.jobs = jobs;

        const JudgedRun run = bench.judged(std::move(asked), fuzz_alone());

        if (jobs == 1) first = findings_of(run);
        EXPECT_EQ(findings_of(run), first);
        EXPECT_EQ(stage_of(run, "fuzz").findings, 1U);
    }
}

TEST(Fuzz, PassesWhenNothingIsWrong) {
    Bench bench;

    const JudgedRun run =
        bench.judged(request(bench, rogue("well-behaved"), trapdoor(), 400), fuzz_alone());

    EXPECT_EQ(stage_of(run, "fuzz").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_GE(stage_of(run, "fuzz").executions, 400U);
}

TEST(Fuzz, IsInconclusiveBelowItsMinimum) {
    Bench bench;

    const JudgedRun run = bench.judged(request(bench, rogue("well-behaved"), trapdoor(), 1),
                                       std::array{*stage_named("structure"), [] {
                                                      Stage stage = *stage_named("fuzz");
                                                      stage.needs = {};
                                                      for (StageBudget& budget : stage.budgets) {
                                                          budget.executions_min = 1'000'000;
                                                      }
                                                      return stage;
                                                  }()});

    EXPECT_EQ(stage_of(run, "fuzz").outcome, StageOutcome::kInconclusive) << told(run);
}

TEST(Fuzz, FindsTheShapeOfJuly2024BehindFourCriteria) {
    Bench bench;
    const Bytes bundle =
        pack({{"deep.sigma", "any"}}, {.stream = "sigma",
                                       .content_type = std::string(sigma::kContentType),
                                       .contracts = {"deep/v1:20"}});

    const JudgedRun run =
        bench.judged(request(bench, rogue("deep-event"), bundle, 10'000), fuzz_alone());

    const Finding* finding = finding_of(run, "FB1001");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("SIGSEGV"), std::string::npos) << told(run);
    // Small enough to read: the four fields, and nothing else.
    const Result<Bytes> file = PosixFileStore().read(finding->reproducer, kReproducerBytesMax);
    ASSERT_TRUE(file);
    const Result<Reproducer> reproducer = parse_reproducer(*file);
    ASSERT_TRUE(reproducer);
    EXPECT_LT(reproducer->input.size(), 120U) << to_text(reproducer->input);
}

/// The museum's engine of July 2024, as it was shipped: no sanitizer, no bounds check.
TEST(Fuzz, FindsTheRulesOfJuly2024InTheProductionBuild) {
    Bench bench;
    sigma::Program july{.contract = "ipc_template/v1", .arity = 21};
    july.predicates = {{.field = 20, .op = sigma::Op::kContains, .text = "museum"}};
    july.rules = {{.id = "july",
                   .title = "July",
                   .level = "high",
                   .file = "july.yml",
                   .line = 1,
                   .nodes = {{.predicate = 0}}}};
    const Bytes bundle =
        pack({{"rules.sigma", to_text(*sigma::write_program(july))}},
             {.stream = "sigma", .content_type = std::string(sigma::kContentType)});
    const EngineFile museum =
        engine_at(std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so");

    const JudgedRun run = bench.judged(request(bench, museum, bundle, 10'000), fuzz_alone());

    ASSERT_NE(finding_of(run, "FB1001"), nullptr) << told(run);
}

/// Four of forty words, one behind the other: without the counters a guess in two million.
TEST(Fuzz, FollowsTheCoverageOfAnInstrumentedBuild) {
    Bench bench;
    std::string text;
    for (int word = 0; word < 40; ++word) text += "\"word number " + std::to_string(word) + "\"\n";

    const JudgedRun run = bench.judged(
        request(bench, rogue("counted"), pack({{"rules.yar", text}}), 20'000), fuzz_alone());

    EXPECT_NE(finding_of(run, "FB1001"), nullptr) << told(run);
}

TEST(Fuzz, FindsMemoryThatGrows) {
    if (kSanitized) GTEST_SKIP() << "AddressSanitizer keeps what is freed";
    Bench bench;

    const JudgedRun run =
        bench.judged(request(bench, rogue("yara-actor"), directed("scan leak"), 200), fuzz_alone());

    const Finding* finding = finding_of(run, "FB1006");
    ASSERT_NE(finding, nullptr) << told(run);
    const Result<Bytes> file = PosixFileStore().read(finding->reproducer, kReproducerBytesMax);
    ASSERT_TRUE(file);
    EXPECT_TRUE(parse_reproducer(*file)->grows);
}

TEST(Fuzz, FindsContentBesideThisThatIsNotSafe) {
    Bench bench;
    RunRequest asked = request(bench, rogue("yara-actor"), directed("load brittle"), 100);
    asked.figures = profile(ProfileName::kPr);
    asked.figures->fuzz = {.executions = 100, .neighbours = 12};

    const JudgedRun run = bench.judged(std::move(asked), fuzz_alone());

    const Finding* finding = finding_of(run, "FB1007");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("SIGILL"), std::string::npos) << told(run);
}

TEST(Fuzz, GivesTheYaraEngineNoRest) {
    Bench bench;
    const std::string rule =
        "rule vanishes { meta: demo_fault = \"vanish\" strings: $a = \"abracadabra\" "
        "$h = { 13 37 ?? C0 } condition: $a and $h }\n";

    const JudgedRun run =
        bench.judged(request(bench, yara_demo(), pack({{"r.yar", rule}}), 4'000), fuzz_alone());

    EXPECT_NE(finding_of(run, "FB1004"), nullptr) << told(run);
}

TEST(Fuzz, LeavesGoodYaraAlone) {
    Bench bench;

    const JudgedRun run = bench.judged(
        request(bench, yara(), pack({{"r.yar", std::string(kGoodRule)}}), 500), fuzz_alone());

    EXPECT_EQ(stage_of(run, "fuzz").outcome, StageOutcome::kPassed) << told(run);
}

TEST(Fuzz, KeepsACorpusAndUsesItAgain) {
    Bench bench;
    const std::filesystem::path corpus = bench.folder() / "corpus";
    RunRequest asked = request(bench, yara(), pack({{"r.yar", std::string(kGoodRule)}}), 2'000);
    asked.fuzz.corpus = corpus;
    const JudgedRun first = bench.judged(asked, fuzz_alone());
    ASSERT_FALSE(std::filesystem::is_empty(corpus)) << told(first);
    asked.fuzz.executions = 100;

    const JudgedRun second = bench.judged(asked, fuzz_alone());

    ASSERT_FALSE(second.corpora.empty());
    EXPECT_GT(second.corpora.back().files, 0U);
    EXPECT_EQ(second.corpora.back().name, "fuzz:" + corpus.string());
}

TEST(Reproduce, SaysThatMemoryGrowsOrNot) {
    if (kSanitized) GTEST_SKIP() << "AddressSanitizer keeps what is freed";
    for (const auto& [direction, code] : {std::pair{"scan leak", 0}, {"scan burn 0", 1}}) {
        const firebreak::test::TemporaryFolder folder;
        const Reproducer reproducer{
            .finding = "FB1006",
            .engine = {},
            .files = {{"r.yar", to_bytes(std::string(kGoodRule) + "// act " + direction + "\n")}},
            .evaluates = true,
            .input_name = "x",
            .input = to_bytes("x"),
            .expected = Outcome::kAccepted,
            .grows = true};
        const std::string file = (folder.path() / "grows.json").string();
        PosixFileStore files;
        ASSERT_TRUE(files.write(file, serialize(reproducer), FileMode::kPublic));
        const SystemClock clock;
        const Terminal terminal(true);
        const World world{files, clock, terminal};

        EXPECT_EQ(reproduce(world, {.file = file, .engine = rogue("yara-actor").path.string()}),
                  code);
    }
}

TEST(SteadyWords, LeaveOutWhatDiffersFromRunToRun) {
    EXPECT_EQ(steady_words("==12==ERROR: heap-use-after-free on address 0x602000001f10 at pc"),
              "====ERROR: heap-use-after-free on address 0x at pc");
    EXPECT_EQ(steady_words("plain"), "plain");
}

}  // namespace
}  // namespace firebreak::validator::test
