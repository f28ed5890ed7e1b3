// Builds with AddressSanitizer beside those in the field: a real one of the yara engine, which acts
// on directions in its content (tests/support/actor).

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator::test {
namespace {

EngineFile actor() {
    return rogue("yara-actor");
}
EngineFile actor_twin() {
    return rogue("yara-actor.twin");
}

class Twins : public ::testing::Test {
protected:
    void SetUp() override {
        if (WorkerProgram::self()->sanitized()) {
            GTEST_SKIP()
                << "needs a production build beside the twin; under AddressSanitizer there is "
                   "none that survives what its twin does not";
        }
    }

    /// Beside the rule a direction for the actor; the load stage, and what it stands on.
    RunRequest request(const std::string& direction, const std::string& rule = kRule) const {
        RunRequest request = bench_.request(
            pack({{"a.yar", rule + "// act " + direction + "\n"}, {"b.yar", kRule2}}));
        request.engines = {actor()};
        request.twins = {{actor().sha256, actor_twin()}};
        return request;
    }

    /// @param last  A stage that is to follow: replays take their time.
    JudgedRun judged(const RunRequest& request, std::string_view last = {}) {
        std::vector<Stage> stages;
        for (const Stage& stage : all_stages()) {
            const bool wanted = stage.name == "structure" || stage.name == "contract" ||
                                stage.name == "load" || stage.name == last;
            if (wanted) stages.push_back(stage);
        }
        return bench_.judged(request, stages);
    }

    static constexpr const char* kRule =
        "rule quiet { strings: $a = \"not to be seen\" condition: $a }\n";
    static constexpr const char* kRule2 =
        "rule other { strings: $a = \"nor this one\" condition: $a }\n";

    Bench bench_;
};

TEST_F(Twins, ReportAnOverReadThatTheProductionBuildSurvives) {
    RunRequest alone = request("load overread");
    alone.twins.clear();
    EXPECT_EQ(stage_of(judged(alone), "load").outcome, StageOutcome::kPassed);

    const JudgedRun run = judged(request("load overread"), "verdict");

    const Finding* finding = finding_of(run, "FB512");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(run.errors(), 1U) << told(run);
    EXPECT_TRUE(finding->evidence.starts_with("heap-buffer-overflow, READ of size 1, at +0x"))
        << finding->evidence;
    EXPECT_EQ(finding->place.file, "a.yar");
    EXPECT_EQ(finding->build, "yara 4.2.3");
    EXPECT_EQ(finding->seen_again, kReplays);
    EXPECT_NE(finding->command.find("yara-actor.twin.so --twin-host "), std::string::npos)
        << finding->command;

    // The same again, to the byte.
    const JudgedRun again = judged(request("load overread"));
    ASSERT_NE(finding_of(again, "FB512"), nullptr) << told(again);
    EXPECT_EQ(finding_of(again, "FB512")->evidence, finding->evidence);
    EXPECT_EQ(finding_of(again, "FB512")->message, finding->message);
}

TEST_F(Twins, ReportAFaultOnAnInput) {
    const JudgedRun run = judged(request("scan overread"));

    const Finding* finding = finding_of(run, "FB512");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_FALSE(finding->input.empty());
    EXPECT_TRUE(finding->evidence.starts_with("heap-buffer-overflow, READ of size 1"))
        << finding->evidence;
}

TEST_F(Twins, ReportUndefinedBehaviour) {
    const JudgedRun run = judged(request("load shift"));

    const Finding* finding = finding_of(run, "FB512");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_TRUE(finding->evidence.starts_with("shift exponent 40 is too large"))
        << finding->evidence;
}

TEST_F(Twins, DisagreeWhenOneOfTheTwoRefuses) {
    const JudgedRun run = judged(request("load twin-refuses"));

    const Finding* finding = finding_of(run, "FB513");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "a.yar");
    EXPECT_NE(finding->message.find("loads 2 rules, its sanitizer twin refused"), std::string::npos)
        << finding->message;
}

TEST_F(Twins, DisagreeWhenOneOfTheTwoDoesNotMatch) {
    const JudgedRun run =
        judged(request("scan twin-silent", "rule whatever { condition: true }\n"));

    const Finding* finding = finding_of(run, "FB513");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("matches whatever, its sanitizer twin matches nothing"),
              std::string::npos)
        << finding->message;
}

TEST_F(Twins, AgreeOnGoodContentAndAreListed) {
    const JudgedRun run = judged(request("load nothing"));

    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_EQ(run.findings.size(), 0U) << told(run);
    ASSERT_EQ(run.twins.size(), 1U);
    EXPECT_EQ(run.twins.front().build.rules, 2U);
    for (const std::string& note : run.notes) {
        EXPECT_EQ(note.find("sanitizer twin"), std::string::npos) << note;
    }
    const json::value report = json_report(run);
    EXPECT_EQ(report.at("twins").at(0).at("sha256"), json::value(actor_twin().sha256.hex()));
    EXPECT_EQ(report.at("twins").at(0).at("of"), json::value(actor().sha256.hex()));
    EXPECT_NE(text_report(run, Terminal(false)).find("  twin     yara 4.2.3, 2 rules, "),
              std::string::npos);
    EXPECT_NE(html_report(run).find(actor_twin().sha256.hex()), std::string::npos);
    const content::Attestation attestation = attestation_of(run);
    ASSERT_EQ(attestation.twins.size(), 1U);
    EXPECT_EQ(attestation.twins.front().of, actor().sha256);
    EXPECT_NE(attestation.twins.front().sandbox.find("rlimits-but-address-space"),
              std::string::npos);
    // Twins are no builds: no device may run one.
    EXPECT_EQ(attestation.builds.size(), 1U);
    EXPECT_EQ(run.sandbox_level().find("but-address-space"), std::string::npos);
}

TEST_F(Twins, LeaveTheRunInconclusiveWhenTheyTakeTooLong) {
    RunRequest slow = request("load twin-spins");
    slow.figures = profile(ProfileName::kGate);
    slow.figures->sandbox.load.cpu = std::chrono::milliseconds(300);

    const JudgedRun run = judged(slow);

    EXPECT_EQ(run.errors(), 0U) << told(run);
    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kInconclusive);
    EXPECT_NE(stage_of(run, "load").reason.find("did not finish in time"), std::string::npos);
}

TEST_F(Twins, LeaveTheRunInconclusiveWithoutAHost) {
    bench_.set_twin_host("");

    const JudgedRun run = judged(request("load nothing"));

    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kInconclusive) << told(run);
    EXPECT_NE(stage_of(run, "load").reason.find("there is no twin host"), std::string::npos);
    EXPECT_TRUE(run.twins.empty());
}

TEST_F(Twins, DoNotOpenInAHostWithoutTheRuntime) {
    bench_.set_twin_host(FIREBREAK_VALIDATE);

    const JudgedRun run = judged(request("load nothing"));

    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kInconclusive) << told(run);
    EXPECT_NE(stage_of(run, "load").reason.find("does not open"), std::string::npos)
        << stage_of(run, "load").reason;
}

TEST_F(Twins, AreNotTakenForTwinsOfAnotherEngine) {
    RunRequest other = request("load nothing");
    other.engines = {rogue("well-behaved")};
    other.twins.front().of = rogue("well-behaved").sha256;

    const JudgedRun run = judged(other);

    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kInconclusive) << told(run);
    EXPECT_NE(stage_of(run, "load").reason.find("is another engine: it is yara 4.2.3"),
              std::string::npos)
        << stage_of(run, "load").reason;
    EXPECT_TRUE(run.twins.empty());
}

TEST_F(Twins, AreMissedByANoteWhereThereAreNone) {
    RunRequest without = request("load nothing");
    without.twins.clear();

    const JudgedRun run = judged(without);

    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_TRUE(std::ranges::any_of(run.notes, [](const std::string& note) {
        return note.starts_with("no sanitizer twin was driven of yara 4.2.3");
    }));
}

TEST_F(Twins, CanBeBuildsOfTheirOwnForTheOtherStages) {
    RunRequest both = request("load nothing");
    both.engines = {actor(), actor_twin()};
    both.twins.clear();

    const JudgedRun run = judged(both, "directed");

    EXPECT_EQ(run.builds.size(), 2U);
    EXPECT_EQ(stage_of(run, "directed").outcome, StageOutcome::kPassed) << told(run);
    EXPECT_NE(run.twin_sandbox_level(), "none");
}

// ---- The host is a sandbox like any other ----------------------------------------------------

std::string acting(const std::string& direction) {
    return "rule quiet { strings: $a = \"not to be seen\" condition: $a }\n// act " + direction +
           "\n";
}

TEST_F(Twins, LiveInASealedWorker) {
    SandboxPolicy policy = strict_policy();
    policy.memory_bytes_max = 64U << 20U;
    policy.load.cpu = std::chrono::milliseconds(500);
    for (const auto& [direction, outcome] : {std::pair{"load socket", Outcome::kForbiddenCall},
                                             {"load spin", Outcome::kTimedOut},
                                             {"load hog", Outcome::kOutOfMemory},
                                             {"load segfault", Outcome::kCrashed},
                                             {"load exit", Outcome::kExited}}) {
        Sandbox sandbox(policy, *WorkerProgram::twin_host(FIREBREAK_TWIN_HOST));
        const std::string content = acting(direction);
        ASSERT_TRUE(passes(sandbox.open(actor_twin(), content).verdict));
        EXPECT_TRUE(sandbox.executor().confinement().above_floor());
        EXPECT_TRUE(sandbox.executor().confinement().sanitized);

        const LoadRun load = sandbox.executor().load({});

        EXPECT_EQ(load.verdict.outcome, outcome) << direction << ": " << describe(load.verdict);
    }
}

}  // namespace
}  // namespace firebreak::validator::test
