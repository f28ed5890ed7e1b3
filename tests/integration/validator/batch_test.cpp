// Many inputs in one exchange: what each came to, and which of them was the worker's last.

#include <csignal>
#include <gtest/gtest.h>

#include "tests/integration/validator/sandbox_fixture.hpp"

namespace firebreak::validator::test {
namespace {

BatchRun batch_of(Executor& executor, const std::vector<std::string>& inputs) {
    std::vector<std::size_t> lengths;
    for (std::size_t index = 0; index < inputs.size(); ++index) {
        const std::span<std::uint8_t> place = executor.batch_input(index, inputs[index].size());
        std::ranges::copy(bytes_of(inputs[index]), place.begin());
        lengths.push_back(inputs[index].size());
    }
    return executor.evaluate_batch("x", lengths, strict_policy().evaluate);
}

TEST(Batch, AnswersEachInputInItsOrder) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox
                           .open(yara(),
                                 "rule first { strings: $a = \"alpha\" condition: $a }\n"
                                 "rule second { strings: $b = \"beta\" condition: $b }\n")
                           .verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch =
        batch_of(sandbox.executor(), {"alpha and beta", "", "none", "only beta"});

    ASSERT_TRUE(passes(batch.verdict)) << describe(batch.verdict);
    ASSERT_EQ(batch.runs.size(), 4U);
    EXPECT_EQ(batch.runs[0].matches.size(), 2U);
    EXPECT_TRUE(batch.runs[1].matches.empty());
    EXPECT_TRUE(batch.runs[2].matches.empty());
    ASSERT_EQ(batch.runs[3].matches.size(), 1U);
    EXPECT_EQ(batch.runs[3].matches[0].rule, "second");
    EXPECT_TRUE(batch.features.at(0).empty()) << "the build is not instrumented";
}

TEST(Batch, KeepsWhatWasAnsweredBeforeACrash) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("crash-on-word"), "\"trapdoor\"").verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch =
        batch_of(sandbox.executor(), {"MATCH ME", "fine", "a trapdoor here", "fine"});

    EXPECT_EQ(to_string(batch.verdict.outcome), to_string(Outcome::kCrashed));
    EXPECT_EQ(batch.verdict.detail, SIGILL);
    ASSERT_EQ(batch.runs.size(), 2U);
    EXPECT_EQ(batch.runs[0].matches.size(), 1U);
    EXPECT_FALSE(sandbox.executor().alive());
}

TEST(Batch, EndsAnInputThatHangs) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("spin-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch = batch_of(sandbox.executor(), {"one", "two"});

    EXPECT_EQ(to_string(batch.verdict.outcome), to_string(Outcome::kTimedOut));
    EXPECT_TRUE(batch.runs.empty());
}

TEST(Batch, SeesAReadPastAnyInputAndNotOnlyTheLast) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("reads-past-input")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch = batch_of(sandbox.executor(), {"one", "two"});

    EXPECT_EQ(to_string(batch.verdict.outcome), to_string(Outcome::kCrashed));
    EXPECT_TRUE(batch.runs.empty());
}

TEST(Batch, NoticesAHandlerThatAnEngineLeaves) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("install-handler-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch = batch_of(sandbox.executor(), {"one", "two"});

    EXPECT_EQ(to_string(batch.verdict.outcome), to_string(Outcome::kFailed));
    EXPECT_TRUE(batch.runs.empty());
}

TEST(Batch, CarriesAStatusThatIsNotOkForItsInputAlone) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("unknown-status")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const BatchRun batch = batch_of(sandbox.executor(), {"one", "two"});

    ASSERT_TRUE(passes(batch.verdict)) << describe(batch.verdict);
    ASSERT_EQ(batch.runs.size(), 2U);
    EXPECT_EQ(to_string(batch.runs[1].verdict.outcome), to_string(Outcome::kFailed));
}

TEST(Batch, FollowsAndIsFollowedByOtherCalls) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("well-behaved")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    EXPECT_EQ(batch_of(sandbox.executor(), {"a", "b", "c"}).runs.size(), 3U);
    EXPECT_EQ(sandbox.executor().evaluate("x", bytes_of("MATCH ME")).matches.size(), 1U);
    EXPECT_EQ(batch_of(sandbox.executor(), {"MATCH ME"}).runs.at(0).matches.size(), 1U);
}

}  // namespace
}  // namespace firebreak::validator::test
