// The verdict stage: what was found is looked at again in fresh processes, made small, and never
// dropped.

#include <csignal>
#include <gtest/gtest.h>

#include "sensor/sigma/program/capabilities.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/commands/commands.hpp"
#include "validator/generate/mutator.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator::test {
namespace {

/// Stage directions for the actor, in two files of which one is not needed.
Bytes directed(const std::string& direction) {
    return pack({{"a.yar", std::string(kGoodRule)},
                 {"b.yar", "rule other { condition: filesize < 3 }\n// act " + direction + "\n"}});
}

RunRequest with_actor(const Bench& bench, const std::string& direction) {
    RunRequest request = bench.request(directed(direction));
    request.engines = {rogue("yara-actor")};
    request.jobs = 1;
    return request;
}

/// What finds something, and the stage that looks at it again.
JudgedRun judged_by(Bench& bench, std::string_view stage, RunRequest request,
                    std::chrono::milliseconds time = std::chrono::minutes{5}) {
    std::vector<Stage> stages;
    for (const Stage& each : all_stages()) {
        if (each.name != "structure" && each.name != stage && each.name != "verdict") continue;
        stages.push_back(each);
        stages.back().needs = {};
        if (each.name != "verdict") continue;
        for (StageBudget& budget : stages.back().budgets) budget.time = time;
    }
    return bench.judged(std::move(request), stages);
}

Reproducer reproducer_of(const Finding& finding) {
    const Result<Bytes> file = PosixFileStore().read(finding.reproducer, kReproducerBytesMax);
    EXPECT_TRUE(file) << finding.reproducer;
    const Result<Reproducer> reproducer = parse_reproducer(file.value_or(Bytes{}));
    EXPECT_TRUE(reproducer);
    return reproducer.value_or(Reproducer{});
}

int reproduced(const Finding& finding, const EngineFile& engine) {
    PosixFileStore files;
    const SystemClock clock;
    const Terminal terminal(true);
    const World world{files, clock, terminal};
    return reproduce(world, {.file = finding.reproducer, .engine = engine.path.string()});
}

TEST(Verdict, SeesACrashAgainAndMakesItsInputSmall) {
    Bench bench;
    bench.add_goodware("deadly", std::string(5000, '-') + "ON STAGE" + std::string(900, '+'));

    const JudgedRun run = judged_by(bench, "replay", with_actor(bench, "scan segfault"));

    const Finding* finding = finding_of(run, "FB702");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 3);
    EXPECT_EQ(finding->minimised, "8 of 5908 bytes");
    const Reproducer reproducer = reproducer_of(*finding);
    EXPECT_EQ(to_text(reproducer.input), "ON STAGE");
    EXPECT_EQ(reproducer.expected_signal, SIGSEGV);
    // Nor is the file carried along that has nothing to do with it.
    ASSERT_EQ(reproducer.files.size(), 1U);
    EXPECT_EQ(reproducer.files.front().name, "b.yar");
    EXPECT_EQ(reproduced(*finding, rogue("yara-actor")), 0);
    EXPECT_EQ(stage_of(run, "verdict").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_EQ(run.verdict(), content::Verdict::kRejected);
}

TEST(Verdict, SaysWhatIsNotSeenAgainAndKeepsIt) {
    Bench bench;
    for (int file = 0; file < 60; ++file) {
        bench.add_goodware("more-" + std::to_string(file), "no match " + std::to_string(file));
    }

    const JudgedRun run = judged_by(bench, "replay", with_actor(bench, "scan tire"));

    const Finding* finding = finding_of(run, "FB702");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 0);
    EXPECT_TRUE(finding->minimised.empty());
    EXPECT_TRUE(rejects(*finding));
    EXPECT_EQ(run.verdict(), content::Verdict::kRejected);
    for (const std::string& report :
         {text_report(run, Terminal(false)), pretty_json(json_report(run)),
          pretty_json(sarif_report(run)), html_report(run), junit_report(run)}) {
        EXPECT_NE(report.find("not reproducible: 0 of 3"), std::string::npos) << report;
    }
}

TEST(Verdict, MakesTheInputOfAMatchSmall) {
    Bench bench;
    bench.add_goodware("matched", std::string(300, '-') + "ON STAGE" + std::string(300, '+'));
    RunRequest request = bench.request(
        pack({{"a.yar", "rule other { strings: $a = \"ON STAGE\" condition: $a }\n"}}));

    const JudgedRun run = judged_by(bench, "replay", std::move(request));

    const Finding* finding = finding_of(run, "FB701");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 3);
    EXPECT_EQ(to_text(reproducer_of(*finding).input), "ON STAGE");
    EXPECT_EQ(reproduced(*finding, yara()), 0);
}

TEST(Verdict, MakesContentThatCannotBeLoadedSmall) {
    Bench bench;
    RunRequest request = bench.request(pack({{"b.yar", "xxx // act load segfault"}}));
    request.engines = {rogue("yara-actor")};

    const JudgedRun run = judged_by(bench, "load", std::move(request));

    const Finding* finding = finding_of(run, "FB502");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 3);
    const Reproducer reproducer = reproducer_of(*finding);
    ASSERT_EQ(reproducer.files.size(), 1U);
    EXPECT_EQ(to_text(reproducer.files.front().bytes), "// act load segfault");
    EXPECT_EQ(reproduced(*finding, rogue("yara-actor")), 0);
}

TEST(Verdict, LeavesARefusalAsItIs) {
    Bench bench;
    RunRequest request =
        bench.request(pack({{"a.yar", "rule broken { condition: no_such_thing }\n"}}));

    const JudgedRun run = judged_by(bench, "load", std::move(request));

    const Finding* finding = finding_of(run, "FB501");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 3);
    EXPECT_TRUE(finding->minimised.empty());
}

TEST(Verdict, SeesASilencedNeighbourAgain) {
    Bench bench;

    const JudgedRun run = judged_by(bench, "load", with_actor(bench, "scan silent"));

    ASSERT_NE(finding_of(run, "FB508"), nullptr) << told(run);
    EXPECT_EQ(finding_of(run, "FB508")->seen_again, 3);
    RunRequest silencing = bench.request(
        pack({{"a.yar", "global rule never { condition: false }\n" + std::string(kGoodRule)}}));
    const JudgedRun silenced = judged_by(bench, "load", std::move(silencing));
    const Finding* finding = finding_of(silenced, "FB511");
    ASSERT_NE(finding, nullptr) << told(silenced);
    EXPECT_EQ(finding->seen_again, 3);
    EXPECT_EQ(reproduced(*finding, yara()), 0);
}

/// The crash of July 2024, of which nothing is left but the one value that it takes.
TEST(Verdict, MakesAnEventSmall) {
    Bench bench;
    sigma::Program july{.contract = "ipc_template/v1", .arity = 21};
    july.predicates = {{.field = 3, .op = sigma::Op::kContains, .text = "museum"},
                       {.field = 20, .op = sigma::Op::kContains, .text = "museum"}};
    july.rules = {{.id = "july",
                   .title = "July",
                   .level = "high",
                   .file = "july.yml",
                   .line = 1,
                   .nodes = {{.predicate = 0},
                             {.predicate = 1},
                             {.kind = sigma::Node::Kind::kAll, .children = {0, 1}}}}};
    RunRequest request =
        bench.request(pack({{"rules.sigma", to_text(*sigma::write_program(july))}},
                           {.stream = "sigma", .content_type = std::string(sigma::kContentType)}));
    request.engines = {engine_at(std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so")};

    const JudgedRun run = judged_by(bench, "directed", std::move(request));

    const Finding* finding = finding_of(run, "FB601");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->seen_again, 3) << told(run);
    const std::optional<EventShape> event = EventShape::of(reproducer_of(*finding).input);
    ASSERT_TRUE(event) << to_text(reproducer_of(*finding).input);
    const auto values = std::ranges::count_if(event->values, [](const FieldValue& value) {
        return !std::holds_alternative<std::monostate>(value);
    });
    EXPECT_EQ(values, 1) << to_text(event->document());
}

TEST(Verdict, FindsTheSameTwice) {
    std::string first;
    for (const bool again : {false, true}) {
        Bench bench;
        bench.add_goodware("deadly", std::string(2000, '-') + "ON STAGE");

        const JudgedRun run = judged_by(bench, "replay", with_actor(bench, "scan fail"));

        std::string said;
        for (const Finding& finding : run.findings) {
            if (finding.reproducer.empty()) continue;
            said += finding.id + "|" + finding.message + "|" + finding.evidence + "|" +
                    replay_words(finding) + "|" + finding.minimised + "|" +
                    to_text(serialize(reproducer_of(finding))) + "\n";
        }
        // What differs is the folder of this bench.
        for (std::size_t at = 0; (at = said.find(bench.folder().string())) != std::string::npos;) {
            said.erase(at, bench.folder().string().size());
        }
        if (!again) first = said;
        EXPECT_EQ(said, first);
    }
}

TEST(Verdict, ReplaysAsManyAsTheProfileHasRoomForAndSaysHowManyNot) {
    Bench bench;
    for (int file = 0; file < 9; ++file) {
        bench.add_goodware("deadly-" + std::to_string(file), "ON STAGE " + std::to_string(file));
    }
    RunRequest request = with_actor(bench, "scan fail");
    request.profile = ProfileName::kPr;

    const JudgedRun run = judged_by(bench, "replay", std::move(request));

    EXPECT_EQ(std::ranges::count(run.findings, "FB706", &Finding::id), 9) << told(run);
    EXPECT_EQ(std::ranges::count(run.findings, std::optional<int>{3}, &Finding::seen_again), 4);
    EXPECT_NE(stage_of(run, "verdict").reason.find("5 left as they are"), std::string::npos)
        << told(run);
}

TEST(Verdict, IsInconclusiveWhenItsTimeIsUpAndKeepsWhatWasFound) {
    Bench bench;
    bench.add_goodware("deadly", "ON STAGE");
    const JudgedRun run = judged_by(bench, "replay", with_actor(bench, "scan segfault"),
                                    std::chrono::milliseconds{-1});

    EXPECT_EQ(stage_of(run, "verdict").outcome, StageOutcome::kInconclusive) << told(run);
    const Finding* finding = finding_of(run, "FB702");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_FALSE(finding->seen_again);
    EXPECT_TRUE(rejects(*finding));
}

TEST(Verdict, PassesWhereNothingWasFound) {
    Bench bench;

    const JudgedRun run =
        judged_by(bench, "load", bench.request(pack({{"a.yar", std::string(kGoodRule)}})));

    EXPECT_EQ(stage_of(run, "verdict").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_TRUE(stage_of(run, "verdict").reason.empty());
}

}  // namespace
}  // namespace firebreak::validator::test
