// What becomes of a stage, and of the bundle: only "passed" helps, and everything else is no pass.

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/unit/validator/bench_run.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::seconds;
using test::BenchRun;

StageResult passing(Run&, StageDeadline) {
    return {.executions = 5};
}

StageResult failing(Run& run, StageDeadline) {
    run.add({.id = "FB501", .message = "no"});
    return {.executions = 5};
}

StageResult warning(Run& run, StageDeadline) {
    run.add({.id = "FB509", .message = "slow"});
    return {.executions = 5};
}

StageResult cut_short(Run&, StageDeadline) {
    return {.executions = 5, .complete = false, .reason = "the machine is on fire"};
}

StageResult idle(Run&, StageDeadline) {
    return {.executions = 4};
}

/// Tests set this to the clock that the stage below may move.
firebreak::test::FakeClock* clock_to_move = nullptr;

StageResult slow(Run&, StageDeadline) {
    clock_to_move->advance(seconds{11});
    return {.executions = 5};
}

constexpr std::array<StageBudget, kProfiles> kBudgets{
    {{seconds{10}, 5}, {seconds{10}, 5}, {seconds{10}, 5}}};

Stage stage(std::string_view name, StageResult (*run)(Run&, StageDeadline),
            std::array<std::string_view, 2> needs = {}) {
    return {name, run, needs, kBudgets};
}

StageOutcome outcome_of_only(StageResult (*body)(Run&, StageDeadline), content::Verdict& verdict,
                             std::string_view name = "only") {
    BenchRun bench;
    clock_to_move = &bench.clock;
    const std::array stages{stage(name, body)};
    judge(bench.run, stages);
    verdict = bench.run.verdict();
    return bench.run.stages.at(0).outcome;
}

TEST(StageList, AdmitsOnlyWhenEveryStagePassed) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&passing, verdict), StageOutcome::kPassed);
    EXPECT_EQ(verdict, content::Verdict::kAdmitted);
}

TEST(StageList, RejectsForAnError) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&failing, verdict), StageOutcome::kFailed);
    EXPECT_EQ(verdict, content::Verdict::kRejected);
}

TEST(StageList, AdmitsInSpiteOfAWarning) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&warning, verdict), StageOutcome::kPassed);
    EXPECT_EQ(verdict, content::Verdict::kAdmitted);
}

TEST(StageList, IsInconclusiveWhenAStageWasCutShort) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&cut_short, verdict), StageOutcome::kInconclusive);
    EXPECT_EQ(verdict, content::Verdict::kInconclusive);
}

TEST(StageList, IsInconclusiveBelowTheMinimumOfExecutions) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&idle, verdict), StageOutcome::kInconclusive);
    EXPECT_EQ(verdict, content::Verdict::kInconclusive);
}

TEST(StageList, IsInconclusivePastItsTime) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&slow, verdict), StageOutcome::kInconclusive);
    EXPECT_EQ(verdict, content::Verdict::kInconclusive);
}

/// It ends when its time is up, and a moment later; what counts is what it did.
TEST(StageList, DoesNotMindHowLongFuzzingTakesToEnd) {
    content::Verdict verdict{};
    EXPECT_EQ(outcome_of_only(&slow, verdict, "fuzz"), StageOutcome::kPassed);
    EXPECT_EQ(outcome_of_only(&idle, verdict, "fuzz"), StageOutcome::kInconclusive);
}

TEST(StageList, IsInconclusiveWhenNothingRanAtAll) {
    BenchRun bench;

    judge(bench.run, {});

    EXPECT_EQ(bench.run.verdict(), content::Verdict::kInconclusive);
}

TEST(StageList, SkipsWhatNeedsAStageThatDidNotPass) {
    BenchRun bench;
    const std::array stages{stage("first", &failing), stage("second", &passing, {"first"}),
                            stage("third", &passing, {"second"}), stage("fourth", &passing)};

    judge(bench.run, stages);

    EXPECT_EQ(bench.run.stages[1].outcome, StageOutcome::kSkipped);
    EXPECT_EQ(bench.run.stages[2].outcome, StageOutcome::kSkipped);
    EXPECT_EQ(bench.run.stages[3].outcome, StageOutcome::kPassed);
}

TEST(StageList, IsInconclusiveWithAStageSwitchedOff) {
    BenchRun bench({.bundle_name = "b", .bundle = {}, .skipped = {"second"}});
    const std::array stages{stage("first", &passing), stage("second", &passing)};

    judge(bench.run, stages);

    EXPECT_EQ(bench.run.stages[1].outcome, StageOutcome::kSkipped);
    EXPECT_EQ(bench.run.verdict(), content::Verdict::kInconclusive);
}

TEST(StageList, NeedsOnlyStagesThatComeBefore) {
    std::vector<std::string_view> before;
    for (const Stage& each : all_stages()) {
        for (const std::string_view need : each.needs) {
            EXPECT_TRUE(need.empty() || std::ranges::find(before, need) != before.end()) << need;
        }
        for (const StageBudget& budget : each.budgets) {
            EXPECT_GT(budget.executions_min, 0U) << each.name;
            EXPECT_GT(budget.time.count(), 0) << each.name;
        }
        before.push_back(each.name);
    }
}

TEST(StageList, KeepsThePromiseOfThePrAndTheGateProfile) {
    std::array<std::chrono::milliseconds, kProfiles> sums{};
    for (const Stage& each : all_stages()) {
        for (std::size_t index = 0; index < kProfiles; ++index) {
            sums.at(index) += each.budgets.at(index).time;
        }
    }
    EXPECT_LE(sums[0], std::chrono::minutes{2});
    EXPECT_LE(sums[1], std::chrono::minutes{6});
}

TEST(Run, WritesReproducersAndTheirCommands) {
    BenchRun bench({.bundle_name = "b", .bundle = {}, .reproducers = "out dir"});
    Finding finding{.id = "FB502"};

    bench.run.attach({.finding = "FB502", .engine = {}}, {.path = "yara.so", .sha256 = {}},
                     finding);

    EXPECT_EQ(finding.reproducer, "out dir/FB502-00000000-1.json");
    EXPECT_EQ(finding.command,
              "firebreak-validate reproduce 'out dir/FB502-00000000-1.json' --engine yara.so");
    EXPECT_TRUE(bench.files.files.contains(finding.reproducer));
}

TEST(Run, NotesAReproducerThatTheDiskHadNoRoomFor) {
    BenchRun bench({.bundle_name = "b", .bundle = {}, .reproducers = "out"});
    bench.files.fail_change(1, true);
    Finding finding{.id = "FB502"};

    bench.run.attach({.finding = "FB502", .engine = {}}, {.path = "yara.so", .sha256 = {}},
                     finding);

    EXPECT_EQ(finding.reproducer, "");
    ASSERT_EQ(bench.run.notes.size(), 1U);
    EXPECT_NE(bench.run.notes[0].find("No space left"), std::string::npos);
}

TEST(Run, RejectsForAnErrorThatItHadNoRoomToKeep) {
    BenchRun bench;
    for (std::size_t index = 0; index < kFindingsMax; ++index) {
        bench.run.add({.id = "FB509", .message = "slow"});
    }
    ASSERT_NE(bench.run.verdict(), content::Verdict::kRejected);

    bench.run.add({.id = "FB701", .message = "match"});

    EXPECT_EQ(bench.run.findings.size(), kFindingsMax);
    EXPECT_EQ(bench.run.findings_not_kept(), 1U);
    EXPECT_EQ(bench.run.verdict(), content::Verdict::kRejected);
}

TEST(Run, RemembersTheWeakestSandbox) {
    BenchRun bench;
    EXPECT_EQ(bench.run.sandbox_level(), "none");
    const Confinement full{.limits = true,
                           .seccomp = true,
                           .call_reports = true,
                           .landlock_abi = 4,
                           .namespaces = true,
                           .fixed_addresses = true};
    Confinement weak = full;
    weak.namespaces = false;
    Confinement random = full;
    random.fixed_addresses = false;

    bench.run.record(full);
    bench.run.record(weak);
    bench.run.record(random);
    bench.run.record(full);

    EXPECT_EQ(bench.run.sandbox_level(), "seccomp+rlimits+no-new-privs+landlock");
}

TEST(Run, LeavesTwinsOutOfItsSandboxLevelAndNoEngineThatIsASanitizerBuild) {
    const Confinement build{.limits = true, .seccomp = true, .landlock_abi = 4};
    Confinement sanitized = build;
    sanitized.sanitized = true;
    sanitized.landlock_abi = 0;
    BenchRun with_twin;
    if (with_twin.program.sanitized()) {
        GTEST_SKIP() << "needs a validator without a sanitizer: here every worker has one";
    }
    const EngineFile engine{"yara.so", sha256(bytes_of("y")), true};
    BenchRun with_build({.bundle_name = "b", .bundle = to_bytes("b"), .engines = {engine}});

    for (BenchRun* const bench : {&with_twin, &with_build}) {
        bench->run.record(build);
        bench->run.record(sanitized);
    }

    EXPECT_EQ(with_twin.run.sandbox_level(), "seccomp+rlimits+no-new-privs+landlock");
    EXPECT_EQ(with_twin.run.twin_sandbox_level(), "seccomp+rlimits-but-address-space+no-new-privs");
    EXPECT_EQ(with_build.run.sandbox_level(), with_twin.run.twin_sandbox_level());
}

}  // namespace
}  // namespace firebreak::validator
