// What a supervisor can rely on with an engine that behaves: the yara engine, for real.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

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

/// Whether this machine lets a process have that.
bool machine_fixes_addresses() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::personality(ADDR_NO_RANDOMIZE) >= 0 ? 0 : 1);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// What an engine says that puts an address into its words.
std::string words_with_an_address(bool fixes_addresses, bool& fixed) {
    SandboxPolicy policy = strict_policy();
    policy.fixes_addresses = fixes_addresses;
    Sandbox sandbox(policy);
    EXPECT_TRUE(passes(sandbox.open(rogue("address-in-results")).verdict));
    fixed = sandbox.executor().confinement().fixed_addresses;
    EXPECT_TRUE(passes(sandbox.executor().load({}).verdict));
    const DescribeRun described = sandbox.executor().describe();
    EXPECT_TRUE(passes(described.verdict)) << describe(described.verdict);
    return json::serialize(described.description);
}

/// Where this machine shows cgroups of version 2, if this test may make some.
std::optional<std::filesystem::path> own_cgroup_folder() {
    for (const char* root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
        if (!std::filesystem::exists(std::string(root) + "/cgroup.procs")) continue;
        const auto folder =
            std::filesystem::path(root) / ("firebreak-test-" + std::to_string(::getpid()));
        if (::mkdir(folder.c_str(), 0700) == 0) return folder;
    }
    return std::nullopt;
}

TEST(Launch, StartsAWorkerInItsCgroup) {
    const auto folder = own_cgroup_folder();
    if (!folder) GTEST_SKIP() << "this machine lets this user make no cgroup";
    const Descriptor cgroup(::open(folder->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    std::array<int, 2> channel{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel.data()), 0);
    const Descriptor mine(channel[0]);
    const Descriptor its(channel[1]);
    const WorkerProgram program = *WorkerProgram::self();

    const Result<LaunchedProcess> worker = launch({.program = program.descriptor(),
                                                   .channel = its.get(),
                                                   .input = nothing.get(),
                                                   .content = nothing.get(),
                                                   .batch = nothing.get(),
                                                   .output = nothing.get(),
                                                   .cgroup = cgroup.get()});

    ASSERT_TRUE(worker) << worker.error().to_string();
    EXPECT_TRUE(worker->cgroup);
    const auto members = PosixFileStore().read(folder->string() + "/cgroup.procs", 4096);
    ASSERT_TRUE(members);
    EXPECT_EQ(to_text(*members), std::to_string(worker->id) + "\n");
    ::kill(worker->id, SIGKILL);
    EXPECT_EQ(::waitpid(worker->id, nullptr, 0), worker->id);
    EXPECT_EQ(::rmdir(folder->c_str()), 0);
}

TEST(Executor, HasTheSameAddressesInEachWorkerWhereTheMachineLetsIt) {
    if (!machine_fixes_addresses()) GTEST_SKIP() << "this machine gives each process its own";
    bool fixed = false;

    const std::string words = words_with_an_address(true, fixed);

    EXPECT_TRUE(fixed);
    EXPECT_EQ(words_with_an_address(true, fixed), words);
    EXPECT_NE(words_with_an_address(false, fixed), words);
    EXPECT_FALSE(fixed);
}

TEST(Executor, RecordsNothingItDidNotReach) {
    EXPECT_EQ(Confinement{}.to_string(), "none");
    EXPECT_FALSE(Confinement{.limits = true}.above_floor());
    EXPECT_FALSE(Confinement{.seccomp = true}.above_floor());
    const Confinement full{.limits = true,
                           .seccomp = true,
                           .call_reports = true,
                           .landlock_abi = 4,
                           .namespaces = true,
                           .cgroup = true,
                           .fixed_addresses = true};
    EXPECT_EQ(full.to_string(),
              "seccomp+rlimits+no-new-privs+landlock+namespaces+cgroup+fixed-addresses");
    EXPECT_TRUE((Confinement{.limits = true, .seccomp = true}.above_floor()));
}

}  // namespace
}  // namespace firebreak::validator::test
