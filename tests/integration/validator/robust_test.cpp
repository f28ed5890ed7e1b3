// The robust stage: what happens to content and engines when things go wrong around them.

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"

namespace firebreak::validator::test {
namespace {

std::vector<Stage> robust_alone() {
    std::vector<Stage> stages{*std::ranges::find(all_stages(), "structure", &Stage::name),
                              *std::ranges::find(all_stages(), "robust", &Stage::name)};
    stages[1].needs = {};
    for (StageBudget& budget : stages[1].budgets) budget.time = std::chrono::minutes{5};
    return stages;
}

TEST(Robust, PassesTheYaraEngine) {
    Bench bench;

    const JudgedRun run =
        bench.judged(bench.request(pack({{"r.yar", std::string(kGoodRule)}})), robust_alone());

    EXPECT_EQ(stage_of(run, "robust").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_GE(stage_of(run, "robust").executions, 100U);
}

TEST(Robust, GoesFromTheLastReleaseToThisAndBack) {
    Bench bench;
    RunRequest request = bench.request(pack({{"r.yar", std::string(kGoodRule)}}));
    request.previous = pack({{"old.yar", "rule old { condition: false }\n"}}, {.counter = 6});

    const JudgedRun run = bench.judged(std::move(request), robust_alone());

    EXPECT_EQ(stage_of(run, "robust").outcome, StageOutcome::kPassed) << told(run);
}

/// What each finding is found by, and that nothing else is: mutation_test.cpp, same engine.
TEST(Robust, NamesTheFileAndWritesWhatReproducesIt) {
    Bench bench;
    RunRequest request =
        bench.request(pack({{"a.yar", std::string(kGoodRule) + "// act load brittle\n"}}));
    request.engines = {rogue("yara-actor")};

    const JudgedRun run = bench.judged(std::move(request), robust_alone());

    const Finding* finding = finding_of(run, "FB1101");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "a.yar");
    EXPECT_NE(finding->message.find("SIGILL"), std::string::npos) << finding->message;
    const Result<Bytes> file = PosixFileStore().read(finding->reproducer, kReproducerBytesMax);
    ASSERT_TRUE(file);
    EXPECT_EQ(parse_reproducer(*file)->expected, Outcome::kCrashed);
}

TEST(Robust, IsInconclusiveWhenItsTimeIsUp) {
    Bench bench;
    std::vector<Stage> stages = robust_alone();
    for (StageBudget& budget : stages[1].budgets) budget.time = std::chrono::milliseconds{1};

    const JudgedRun run =
        bench.judged(bench.request(pack({{"r.yar", std::string(kGoodRule)}})), stages);

    EXPECT_EQ(stage_of(run, "robust").outcome, StageOutcome::kInconclusive) << told(run);
}

}  // namespace
}  // namespace firebreak::validator::test
