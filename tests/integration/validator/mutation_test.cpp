// Who validates the validator: every rule is turned off in turn, and what it alone rejects must
// then slip through. A rule that nothing slips past when it is gone is a rule that nothing tests.

#include <gtest/gtest.h>
#include <set>

#include "tests/integration/validator/must_reject.hpp"

namespace firebreak::validator::test {
namespace {

/// Runs what the finding's stage stands on, and that stage.
JudgedRun judged_by_its_stage(Bench& bench, const MustReject& sample, bool muted) {
    const std::string owner = stage_of_finding(sample.id);
    RunRequest request = sample.request(bench);
    request.fuzz.executions = 256;
    for (const Stage& stage : all_stages()) {
        const bool base =
            stage.name == "structure" || (stage.name == "contract" && owner != "lint");
        if (!base && stage.name != owner) request.skipped.emplace_back(stage.name);
    }
    if (muted) request.muted = {sample.id};
    request.reproducers.clear();
    return bench.judged(std::move(request));
}

std::set<std::string> errors_of(const JudgedRun& run) {
    std::set<std::string> ids;
    for (const Finding& finding : run.findings) {
        if (finding_rule(finding.id).level == Level::kError) ids.insert(finding.id);
    }
    return ids;
}

TEST(Mutation, HasASampleForEveryRuleThatRejects) {
    std::set<std::string_view> sampled;
    const std::vector<MustReject> cases = must_reject_cases();
    for (const MustReject& sample : cases) sampled.insert(sample.id);
    // Its own test is below: no bundle gets that far.
    sampled.insert("FB201");
    for (const FindingRule& rule : finding_rules()) {
        if (rule.level == Level::kError) {
            EXPECT_TRUE(sampled.contains(rule.id)) << rule.id << " " << rule.name;
        }
    }
}

/// The schema stage judges again, by other code, what the structure stage took: so it is shown a
/// manifest that the structure stage would not have taken.
TEST(Mutation, LetsThroughAManifestThatTheSchemaAloneRejects) {
    Bench bench;
    const WorkerProgram program = *WorkerProgram::self();
    const SystemClock clock;
    PosixFileStore files;
    NoProgress progress;
    const std::span<const Stage> schema = all_stages().subspan(1, 1);
    ASSERT_EQ(schema.front().name, "schema");
    for (const bool muted : {false, true}) {
        RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
        if (muted) request.muted = {"FB201"};
        JudgedRun run(request, {program, clock, files, progress});
        run.bundle = *content::unpack_bundle(request.bundle);
        run.bundle->manifest.stream = "No Stream!";
        run.stages.emplace_back().name = "structure";
        run.stages.back().outcome = StageOutcome::kPassed;

        judge(run, schema);

        EXPECT_EQ(errors_of(run).contains("FB201"), !muted) << told(run);
    }
}

class Mutated : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Mutated, LetsThroughWhatTheRuleAloneRejects) {
    Bench bench;
    const MustReject sample = must_reject_cases().at(GetParam());

    const JudgedRun whole = judged_by_its_stage(bench, sample, false);
    const JudgedRun without = judged_by_its_stage(bench, sample, true);

    EXPECT_EQ(errors_of(whole), std::set<std::string>{sample.id}) << told(whole);
    EXPECT_EQ(whole.verdict(), content::Verdict::kRejected);
    EXPECT_EQ(errors_of(without), std::set<std::string>{}) << told(without);
    // Slipping past one stage is not yet being admitted, and muting is for this test alone.
    EXPECT_NE(without.verdict(), content::Verdict::kAdmitted);
}

std::string name_of(const ::testing::TestParamInfo<std::size_t>& info) {
    return must_reject_cases().at(info.param).id + "_" + std::to_string(info.param);
}

INSTANTIATE_TEST_SUITE_P(Each, Mutated,
                         ::testing::Range(std::size_t{0}, must_reject_cases().size()), &name_of);

}  // namespace
}  // namespace firebreak::validator::test
