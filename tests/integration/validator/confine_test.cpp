// sensor/host/confine.hpp, on a process that then tries what it gave up. Each case forks, because
// the
// steps cannot be undone.

#include "sensor/host/confine.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::sensor {
namespace {

constexpr int kSurvived = 7;
constexpr int kNotConfined = 8;

/// The wait status of a child that runs `act`; exits with kSurvived when it comes back.
int status_of(const std::function<void()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
        act();
        ::_exit(kSurvived);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

int status_when_sealed(const std::function<void()>& act, const SealOptions& options = {}) {
    return status_of([&] {
        const bool confined =
            limit_process({}) && close_file_system() && seal_process(options).has_value();
        if (!confined) ::_exit(kNotConfined);
        act();
    });
}

bool survived(int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == kSurvived;
}

bool killed_for_a_call(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

TEST(Confine, LeavesComputingAlone) {
    EXPECT_TRUE(survived(status_when_sealed([] {
        std::vector<std::string> memory(10'000, std::string(1000, 'x'));
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
    })));
}

TEST(Confine, KillsForWhatComputingDoesNotNeed) {
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::open("/etc/passwd", O_RDONLY); })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::socket(AF_INET, SOCK_STREAM, 0); })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::fork(); })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::kill(1, 0); })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::setuid(0); })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] { ::unshare(CLONE_NEWUSER); })));
}

TEST(Confine, KillsForExecutableMemory) {
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] {
        (void)::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
    })));
    EXPECT_TRUE(killed_for_a_call(status_when_sealed([] {
        void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
    })));
}

TEST(Confine, KillsForADescriptorThatIsNoChannel) {
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    char byte = 0;
    const auto read_it = [&] { (void)!::read(zero, &byte, 1); };

    EXPECT_TRUE(killed_for_a_call(status_when_sealed(read_it)));
    EXPECT_TRUE(survived(status_when_sealed(read_it, {.channels = {zero}})));

    ::close(zero);
}

TEST(Confine, LetsAbortEndTheProcessAndNoOtherSignalOut) {
    const int aborted = status_when_sealed([] { std::abort(); });
    EXPECT_TRUE(WIFSIGNALED(aborted) && WTERMSIG(aborted) == SIGABRT);
    EXPECT_TRUE(killed_for_a_call(
        status_when_sealed([] { ::syscall(SYS_tgkill, ::getppid(), ::getppid(), SIGABRT); })));
}

TEST(Confine, CanRefuseFilesQuietly) {
    EXPECT_TRUE(survived(status_when_sealed(
        [] {
            if (::open("/etc/passwd", O_RDONLY) >= 0) ::_exit(kNotConfined);
        },
        {.refuse_files_quietly = true})));
}

TEST(Confine, ClosesTheFileSystemForWritersFirst) {
    EXPECT_TRUE(survived(status_of([] {
        const Result<int> abi = close_file_system();
        if (!abi) ::_exit(kNotConfined);
        if (*abi == 0) return;  // This kernel has no Landlock; nothing was promised.
        const int read = ::open("/proc/self/status", O_RDONLY);
        const int written = ::open("/tmp/firebreak-confine-test", O_WRONLY | O_CREAT, 0600);
        if (read < 0 || written >= 0) ::_exit(kNotConfined);
    })));
}

TEST(Confine, RefusesAProcessWithTwoThreads) {
    EXPECT_TRUE(survived(status_of([] {
        std::thread([] { ::pause(); }).detach();
        const Result<Seal> seal = seal_process({});
        if (seal || !(seal.error() == Errc::kUnsupported)) ::_exit(kNotConfined);
    })));
}

TEST(Confine, TakesPrivilegesAndCoreFilesAway) {
    EXPECT_TRUE(survived(status_of([] {
        if (!limit_process({.cpu_seconds = 5})) ::_exit(kNotConfined);
        rlimit core{};
        ::getrlimit(RLIMIT_CORE, &core);
        const bool privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
        if (core.rlim_max != 0 || privileges) ::_exit(kNotConfined);
    })));
}

TEST(Confine, NamesSystemCalls) {
    EXPECT_EQ(system_call_name(SYS_socket), "socket");
    EXPECT_EQ(system_call_name(100'000), "system call 100000");
}

}  // namespace
}  // namespace firebreak::sensor
