// Engines that each misbehave in one way. Every one maps to one outcome, at load and on an input,
// and the
// supervisor goes on as if nothing had happened.

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "tests/integration/validator/sandbox_fixture.hpp"

namespace firebreak::validator::test {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

using Row = std::pair<const char*, Outcome>;

const char* key_of(const char* name) {
    return name;
}

const char* key_of(const Row& row) {
    return row.first;
}

struct Act {
    const char* name;
    Outcome outcome;
    int detail;
};

const char* key_of(const Act& act) {
    return act.name;
}

/// "open-socket" as gtest takes names: "opensocket".
template <class Param>
std::string test_name(const ::testing::TestParamInfo<Param>& row) {
    std::string name = key_of(row.param);
    std::erase(name, '-');
    return name;
}

void PrintTo(const Act& act, std::ostream* out) {
    *out << act.name;
}

class RogueAct : public ::testing::TestWithParam<Act> {
protected:
    /// Sanitizers catch some acts before the kernel can.
    void expect_act(const Verdict& verdict) const {
        EXPECT_EQ(to_string(verdict.outcome), to_string(GetParam().outcome)) << describe(verdict);
        if (!kSanitized) {
            EXPECT_EQ(verdict.detail, GetParam().detail) << describe(verdict);
        }
        EXPECT_FALSE(std::filesystem::exists("/tmp/rogue-was-here"));
    }

    /// The supervisor is unharmed when it can do all of it again with a good engine.
    static void expect_unharmed() {
        Sandbox sandbox;
        ASSERT_TRUE(passes(sandbox.open(rogue("well-behaved")).verdict));
        ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));
        const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("MATCH ME"));
        EXPECT_TRUE(passes(scan.verdict));
        EXPECT_EQ(scan.matches.size(), 1U);
    }
};

TEST_P(RogueAct, IsContainedAtLoad) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue(std::string(GetParam().name) + "-load")).verdict));

    const LoadRun load = sandbox.executor().load({});

    expect_act(load.verdict);
    EXPECT_EQ(sandbox.executor().alive(), !ends_worker(load.verdict.outcome));
    expect_unharmed();
}

TEST_P(RogueAct, IsContainedOnAnInput) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue(std::string(GetParam().name) + "-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("nothing to see"));

    expect_act(scan.verdict);
    EXPECT_TRUE(scan.matches.empty());
    expect_unharmed();
}

INSTANTIATE_TEST_SUITE_P(Calls, RogueAct,
                         ::testing::Values(Act{"exec-program", Outcome::kForbiddenCall, SYS_execve},
                                           Act{"fork-bomb", Outcome::kForbiddenCall, SYS_clone},
                                           Act{"kill-parent", Outcome::kForbiddenCall, SYS_kill},
                                           Act{"open-socket", Outcome::kForbiddenCall, SYS_socket},
                                           Act{"read-file", Outcome::kForbiddenCall, SYS_openat},
                                           Act{"sleep", Outcome::kForbiddenCall,
                                               SYS_clock_nanosleep},
                                           Act{"start-thread", Outcome::kForbiddenCall, SYS_clone3},
                                           Act{"trace-parent", Outcome::kForbiddenCall, SYS_ptrace},
                                           Act{"write-file", Outcome::kForbiddenCall, SYS_openat}),
                         test_name<Act>);

INSTANTIATE_TEST_SUITE_P(Ends, RogueAct,
                         ::testing::Values(Act{"abort", Outcome::kCrashed, SIGABRT},
                                           Act{"exit-zero", Outcome::kExited, 0},
                                           Act{"overflow-stack", Outcome::kCrashed, SIGSEGV},
                                           Act{"segfault", Outcome::kCrashed, SIGSEGV},
                                           Act{"spin", Outcome::kTimedOut, 0},
                                           Act{"throw-exception", Outcome::kCrashed, SIGABRT}),
                         test_name<Act>);

TEST(RogueMemory, EndsAtItsLimitAtLoad) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("hog-memory-load")).verdict));

    const LoadRun load = sandbox.executor().load({});

    EXPECT_EQ(to_string(load.verdict.outcome), to_string(Outcome::kOutOfMemory));
}

TEST(RogueMemory, EndsAtItsLimitOnAnInput) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("hog-memory-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("x"));

    EXPECT_EQ(to_string(scan.verdict.outcome), to_string(Outcome::kOutOfMemory));
}

TEST(RogueChannel, CannotMuteItselfUnseen) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("close-descriptors-load")).verdict));

    const LoadRun load = sandbox.executor().load({});

    EXPECT_TRUE(ends_worker(load.verdict.outcome)) << describe(load.verdict);
}

TEST(RogueOutput, MayBeFloodedAndNobodyWaits) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("flood-stderr-load")).verdict));

    EXPECT_TRUE(passes(sandbox.executor().load({}).verdict));
}

TEST(RogueOutput, MayBeFloodedOnAnInputToo) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("flood-stderr-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    EXPECT_TRUE(passes(sandbox.executor().evaluate("x", bytes_of("x")).verdict));
}

TEST(RogueHandler, IsNoticedOnAnInput) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("install-handler-evaluate")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("x"));

    EXPECT_EQ(to_string(scan.verdict.outcome), to_string(Outcome::kFailed));
}

TEST(RogueHandler, IsNoticedAtLoad) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("install-handler-load")).verdict));

    EXPECT_EQ(to_string(sandbox.executor().load({}).verdict.outcome), to_string(Outcome::kRefused));
}

/// Engines that break the ABI before any content is seen.
class RogueTable : public ::testing::TestWithParam<Row> {};

TEST_P(RogueTable, IsNotOpened) {
    Sandbox sandbox;

    const OpenRun opened = sandbox.open(rogue(GetParam().first));

    EXPECT_EQ(to_string(opened.verdict.outcome), to_string(GetParam().second))
        << describe(opened.verdict);
    EXPECT_FALSE(passes(sandbox.executor().load({}).verdict));
}

INSTANTIATE_TEST_SUITE_P(Opening, RogueTable,
                         ::testing::Values(std::pair{"bad-manifest", Outcome::kRefused},
                                           std::pair{"crash-in-constructor", Outcome::kCrashed},
                                           std::pair{"handler-in-constructor", Outcome::kRefused},
                                           std::pair{"huge-manifest", Outcome::kRefused},
                                           std::pair{"no-manifest", Outcome::kRefused},
                                           std::pair{"no-symbol", Outcome::kRefused},
                                           std::pair{"no-table", Outcome::kRefused},
                                           std::pair{"null-functions", Outcome::kRefused},
                                           std::pair{"short-table", Outcome::kRefused},
                                           std::pair{"wrong-abi", Outcome::kRefused}),
                         test_name<Row>);

/// Engines whose load looks fine only to who does not check.
class RogueLoad : public ::testing::TestWithParam<const char*> {};

TEST_P(RogueLoad, IsNoLoad) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue(GetParam())).verdict));

    const LoadRun load = sandbox.executor().load({});

    EXPECT_EQ(to_string(load.verdict.outcome), to_string(Outcome::kRefused))
        << describe(load.verdict);
    EXPECT_EQ(load.rules, 0U);
}

INSTANTIATE_TEST_SUITE_P(Loading, RogueLoad,
                         ::testing::Values("missing-file", "null-content", "ok-with-error",
                                           "partial-load", "too-many-rules", "unknown-load-status"),
                         test_name<const char*>);

/// Engines whose answer to an input must not be believed.
class RogueAnswer : public ::testing::TestWithParam<const char*> {};

TEST_P(RogueAnswer, IsAnOutageAndNoMatch) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue(GetParam())).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("MATCH ME"));

    EXPECT_EQ(to_string(scan.verdict.outcome), to_string(Outcome::kFailed))
        << describe(scan.verdict);
    EXPECT_TRUE(scan.matches.empty());
}

INSTANTIATE_TEST_SUITE_P(Answering, RogueAnswer,
                         ::testing::Values("endless-matches", "null-match", "unknown-status"),
                         test_name<const char*>);

TEST(RogueText, ReachesUsPrintable) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("unprintable-match")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    const EvaluateRun scan = sandbox.executor().evaluate("x", bytes_of("MATCH ME"));

    ASSERT_TRUE(passes(scan.verdict)) << describe(scan.verdict);
    for (const sensor::Match& match : scan.matches) {
        for (const char character : match.rule + match.detail) EXPECT_NE(character, '\x1b');
    }
}

TEST(RogueDescription, IsRefused) {
    Sandbox sandbox;
    ASSERT_TRUE(passes(sandbox.open(rogue("bad-description")).verdict));
    ASSERT_TRUE(passes(sandbox.executor().load({}).verdict));

    EXPECT_EQ(to_string(sandbox.executor().describe().verdict.outcome),
              to_string(Outcome::kFailed));
}

}  // namespace
}  // namespace firebreak::validator::test
