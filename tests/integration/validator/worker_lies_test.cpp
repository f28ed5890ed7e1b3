// The protocol from the attacker's side: a worker that was taken over by its content can send what
// it
// likes. Nothing of it may hurt the supervisor, keep it waiting, or pass for an answer.

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"

namespace firebreak::validator::test {
namespace {

class LyingWorker : public ::testing::TestWithParam<std::pair<const char*, Outcome>> {
protected:
    LyingWorker() {
        policy_.evaluate = {.cpu = std::chrono::milliseconds{300},
                            .wall = std::chrono::milliseconds{500}};
    }

    OpenRun open() { return executor_.open({GetParam().first, {}}, image_); }

    WorkerProgram program_ = *WorkerProgram::at(FIREBREAK_LYING_WORKER);
    SandboxPolicy policy_ = strict_policy();
    SystemClock clock_;
    ContentImage image_ = *ContentImage::make({});
    Executor executor_{program_, policy_, clock_};
};

class LieWhileOpening : public LyingWorker {};

TEST_P(LieWhileOpening, IsSeen) {
    const OpenRun opened = open();

    EXPECT_EQ(to_string(opened.verdict.outcome), to_string(GetParam().second))
        << describe(opened.verdict);
    EXPECT_FALSE(executor_.alive());
}

class LieAboutAnInput : public LyingWorker {};

TEST_P(LieAboutAnInput, IsSeenAndEndsTheWorker) {
    ASSERT_TRUE(passes(open().verdict));
    ASSERT_TRUE(passes(executor_.load({}).verdict));

    const EvaluateRun scan = executor_.evaluate("x", bytes_of("x"));

    EXPECT_EQ(to_string(scan.verdict.outcome), to_string(GetParam().second))
        << describe(scan.verdict);
    EXPECT_TRUE(scan.matches.empty());
    EXPECT_FALSE(executor_.alive());
}

class LieAboutABatch : public LyingWorker {};

TEST_P(LieAboutABatch, IsSeenAndEndsTheWorker) {
    ASSERT_TRUE(passes(open().verdict));
    ASSERT_TRUE(passes(executor_.load({}).verdict));
    const std::vector<std::size_t> lengths(4, 10);

    const BatchRun batch = executor_.evaluate_batch("x", lengths, policy_.evaluate);

    EXPECT_EQ(to_string(batch.verdict.outcome), to_string(GetParam().second))
        << describe(batch.verdict);
    EXPECT_TRUE(batch.runs.empty());
    EXPECT_FALSE(executor_.alive());
}

std::string lie_name(const ::testing::TestParamInfo<std::pair<const char*, Outcome>>& info) {
    std::string name = info.param.first;
    std::erase(name, '-');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Protocol, LieWhileOpening,
                         ::testing::Values(std::pair{"no-manifest", Outcome::kBrokenAnswer},
                                           std::pair{"no-seccomp", Outcome::kNotRun},
                                           std::pair{"no-listener", Outcome::kBrokenAnswer}),
                         lie_name);

INSTANTIATE_TEST_SUITE_P(Protocol, LieAboutAnInput,
                         ::testing::Values(std::pair{"closed-channel", Outcome::kBrokenAnswer},
                                           std::pair{"empty-frame", Outcome::kBrokenAnswer},
                                           std::pair{"flood", Outcome::kBrokenAnswer},
                                           std::pair{"half-a-frame", Outcome::kTimedOut},
                                           std::pair{"huge-length", Outcome::kBrokenAnswer},
                                           std::pair{"left-over", Outcome::kBrokenAnswer},
                                           std::pair{"long-name", Outcome::kBrokenAnswer},
                                           std::pair{"many-matches", Outcome::kBrokenAnswer},
                                           std::pair{"no-answer", Outcome::kTimedOut},
                                           std::pair{"two-answers", Outcome::kBrokenAnswer},
                                           std::pair{"unknown-type", Outcome::kBrokenAnswer},
                                           std::pair{"wrong-answer", Outcome::kBrokenAnswer}),
                         lie_name);

/// Whole runs on a machine that gives a sandbox less than this one does: the worker says so.
class PoorMachine : public ::testing::Test {
protected:
    JudgedRun judged(const std::string& how) {
        RunRequest request{
            .bundle_name = "b", .bundle = pack({{"r.yar", std::string(kGoodRule)}}), .engines = {}};
        request.engines = {{how, {}}};
        for (const Stage& stage : all_stages()) {
            const bool needed = stage.name == "structure" || stage.name == "contract";
            if (!needed) request.skipped.emplace_back(stage.name);
        }
        JudgedRun run(std::move(request), {program_, clock_, files_, progress_});
        judge(run, all_stages());
        return run;
    }

    WorkerProgram program_ = *WorkerProgram::at(FIREBREAK_LYING_WORKER);
    SystemClock clock_;
    PosixFileStore files_;
    NoProgress progress_;
};

TEST_F(PoorMachine, FailsClosedBelowTheFloor) {
    const JudgedRun run = judged("no-seccomp");

    EXPECT_EQ(stage_of(run, "contract").outcome, StageOutcome::kInconclusive) << told(run);
    EXPECT_NE(run.verdict(), content::Verdict::kAdmitted);
}

TEST_F(PoorMachine, IsToldOfInTheReport) {
    const JudgedRun run = judged("no-landlock");

    EXPECT_EQ(stage_of(run, "contract").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_EQ(run.sandbox_level().find("landlock"), std::string::npos);
    EXPECT_TRUE(std::ranges::any_of(run.notes, [](const std::string& note) {
        return note.find("landlock") != std::string::npos;
    }));
}

INSTANTIATE_TEST_SUITE_P(Protocol, LieAboutABatch,
                         ::testing::Values(std::pair{"batch-of-garbage", Outcome::kBrokenAnswer},
                                           std::pair{"batch-of-nothing", Outcome::kBrokenAnswer},
                                           std::pair{"batch-of-too-many", Outcome::kBrokenAnswer},
                                           std::pair{"batch-that-runs-on", Outcome::kTimedOut},
                                           std::pair{"batch-without-entries",
                                                     Outcome::kBrokenAnswer},
                                           std::pair{"closed-channel", Outcome::kBrokenAnswer},
                                           std::pair{"no-answer", Outcome::kTimedOut},
                                           std::pair{"wrong-answer", Outcome::kBrokenAnswer}),
                         lie_name);

}  // namespace
}  // namespace firebreak::validator::test
