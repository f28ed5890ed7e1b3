// What a supervisor can rely on with an engine that behaves: the yara engine, for real.

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/integration/validator/sandbox_fixture.hpp"

namespace firebreak::validator::test {
namespace {

constexpr std::string_view kRules =
    "rule first { strings: $a = \"alpha\" condition: $a }\n"
    "rule second { strings: $b = \"beta\" condition: $b }\n";

TEST(Executor, LoadsAndScansUnderEveryMeansOfTheMachine) {
    Sandbox sandbox;
    const OpenRun opened = sandbox.open(yara(), kRules);
    ASSERT_TRUE(passes(opened.verdict)) << describe(opened.verdict);
    EXPECT_EQ(opened.capabilities.name, "yara");

    const LoadRun load = sandbox.executor().load({});
    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("alpha and beta"));
    const EvaluateRun none = sandbox.executor().evaluate("x", bytes_of("gamma"));

    ASSERT_TRUE(passes(load.verdict)) << describe(load.verdict);
    EXPECT_EQ(load.rules, 2U);
    EXPECT_GT(load.verdict.memory_peak_bytes, 0U);
    ASSERT_EQ(scan.matches.size(), 2U);
    EXPECT_EQ(scan.matches[0].rule, "first");
    EXPECT_TRUE(passes(none.verdict));
    EXPECT_TRUE(none.matches.empty());
    EXPECT_TRUE(sandbox.executor().confinement().above_floor());
}

TEST(Executor, SaysWhereTheEngineRefuses) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(yara(), "rule fine { condition: false }\nrule {\n").verdict));

    const LoadRun load = sandbox.executor().load({});

    EXPECT_EQ(to_string(load.verdict.outcome), to_string(Outcome::kRefused));
    ASSERT_FALSE(load.diagnostics.empty());
    EXPECT_EQ(load.diagnostics[0].file, "rules.yar");
    EXPECT_EQ(load.diagnostics[0].line, 2U);
}

TEST(Executor, LoadsAgainAfterARefusal) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(yara(), kRules).verdict));
    const LoadRun refused = sandbox.executor().load({.rules_max = 1});
    ASSERT_EQ(to_string(refused.verdict.outcome), to_string(Outcome::kRefused));

    EXPECT_TRUE(passes(sandbox.executor().load({}).verdict));
}

TEST(Executor, DescribesWhatItLoaded) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(yara(), kRules).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const DescribeRun described = sandbox.executor().describe();

    ASSERT_TRUE(passes(described.verdict)) << describe(described.verdict);
    EXPECT_EQ(described.description.at("rules").as_array().size(), 2U);
}

TEST(Executor, RefusesAnEngineWithOtherBytesThanExpected) {
    Sandbox sandbox;
    EngineFile other = yara();
    other.sha256.bytes[0] ^= 1U;

    const OpenRun opened = sandbox.open(other);

    EXPECT_EQ(to_string(opened.verdict.outcome), to_string(Outcome::kRefused));
}

TEST(Executor, SaysThatItsWorkerIsGoneRatherThanPass) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("exit-zero-load")).verdict));
    ASSERT_FALSE(passes(sandbox.executor().load({}).verdict));

    EXPECT_EQ(to_string(sandbox.executor().load({}).verdict.outcome), to_string(Outcome::kNotRun));
    EXPECT_EQ(to_string(sandbox.executor().evaluate("x", bytes_of("x")).verdict.outcome),
              to_string(Outcome::kNotRun));
    EXPECT_EQ(to_string(sandbox.executor().describe().verdict.outcome),
              to_string(Outcome::kNotRun));
}

TEST(Executor, IsReadyForAnotherWorkerAfterOneDied) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("segfault-load")).verdict));
    ASSERT_FALSE(passes(sandbox.executor().load({}).verdict));

    ASSERT_TRUE(passes(sandbox.open(yara(), kRules).verdict));
    EXPECT_TRUE(passes(sandbox.executor().load({}).verdict));
}

TEST(Executor, ScansTheLargestInputAndAnEmptyOne) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(yara(), kRules).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));
    const std::size_t largest = strict_policy().input_bytes_max;
    const std::span<std::uint8_t> area = sandbox.executor().input(largest);
    std::ranges::fill(area, std::uint8_t{'.'});
    std::ranges::copy(std::string_view("alpha"), area.end() - 5);

    EXPECT_EQ(sandbox.executor().evaluate("large", largest).matches.size(), 1U);
    EXPECT_TRUE(passes(sandbox.executor().evaluate("empty", ByteView{}).verdict));
}

TEST(Executor, RecordsNothingItDidNotReach) {
    EXPECT_EQ(Confinement{}.to_string(), "none");
    EXPECT_FALSE(Confinement{.limits = true}.above_floor());
    EXPECT_FALSE(Confinement{.seccomp = true}.above_floor());
    const Confinement full{.limits = true,
                           .seccomp = true,
                           .call_reports = true,
                           .landlock_abi = 4,
                           .namespaces = true};
    EXPECT_EQ(full.to_string(), "seccomp+rlimits+no-new-privs+landlock+namespaces");
}

}  // namespace
}  // namespace firebreak::validator::test
