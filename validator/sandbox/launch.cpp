#include "validator/sandbox/launch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <linux/sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "validator/sandbox/cgroup.hpp"
#include "validator/sandbox/sanitizer.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

/// Where the child has the program, until it becomes it.
constexpr int kProgramDescriptor = kBatchDescriptor + 1;

/// Descriptors up to here may be the target of a dup2 in the child, so sources lie above.
constexpr int kSourcesFrom = 10;

tl::unexpected<Error> fail_errno(const char* doing) {
    return fail({errno, std::generic_category()}, doing);
}

struct Sources {
    Descriptor null, channel, input, content, batch, output;

    bool ok() const {
        return null.ok() && channel.ok() && input.ok() && content.ok() && batch.ok() && output.ok();
    }
};

Descriptor lifted(int descriptor) {
    return Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, kSourcesFrom));
}

/// Runs in the child between clone and exec, where only async-signal-safe calls are allowed.
[[noreturn]] void become_worker(const Sources& sources, int program, bool fixes_addresses) {
    // The supervisor may have been started with signals blocked; a worker must not inherit that.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // From the exec on. Some containers refuse it: the worker says what holds (worker.cpp).
    if (fixes_addresses) ::personality(ADDR_NO_RANDOMIZE);

    // The program at a number of its own too: it is in the new process' memory, as its name.
    const std::array<std::pair<int, int>, 8> table{{{sources.null.get(), STDIN_FILENO},
                                                    {sources.output.get(), STDOUT_FILENO},
                                                    {sources.output.get(), STDERR_FILENO},
                                                    {sources.channel.get(), kChannelDescriptor},
                                                    {sources.input.get(), kInputDescriptor},
                                                    {sources.content.get(), kContentDescriptor},
                                                    {sources.batch.get(), kBatchDescriptor},
                                                    {program, kProgramDescriptor}}};
    for (const auto& [from, to] : table) {
        if (::dup2(from, to) < 0) ::_exit(126);
    }
    // The program's own descriptor is needed until the exec, hence close-on-exec and not close.
    ::close_range(kBatchDescriptor + 1, ~0U, CLOSE_RANGE_CLOEXEC);

    const std::array<const char*, 3> arguments{"firebreak-validate", kWorkerCommand, nullptr};
    // What is freed is kept from use for a while, in memory that the worker's limit must have. A
    // report asks nobody for colours: that would be a forbidden call.
    const std::array<const char*, 4> environment{
        "LC_ALL=C", "PATH=/usr/bin:/bin",
        "ASAN_OPTIONS=detect_leaks=0:symbolize=0:abort_on_error=1:allocator_may_return_null=1:"
        "quarantine_size_mb=64:color=never",
        nullptr};
    ::execveat(kProgramDescriptor, "", const_cast<char* const*>(arguments.data()),
               const_cast<char* const*>(environment.data()), AT_EMPTY_PATH);
    ::_exit(127);
}

/// fork() with extra flags and a pidfd. The child's thread id in glibc is stale, which nothing
/// before exec looks at.
pid_t clone_process(std::uint64_t flags, int& handle, int cgroup = -1) {
    clone_args arguments{};
    arguments.flags = flags | CLONE_PIDFD;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&handle);
    arguments.exit_signal = SIGCHLD;
    return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace

WorkerProgram::WorkerProgram(std::filesystem::path path, Descriptor file, bool sanitized)
    : path_(std::move(path)),
      file_(std::move(file)),
      sanitized_(sanitized),
      cgroups_(delegated_cgroup()) {}

Result<WorkerProgram> WorkerProgram::at(const std::filesystem::path& path) {
    Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file.ok()) return fail_errno("opening the validator's own program");
    return WorkerProgram(path, std::move(file), false);
}

Result<WorkerProgram> WorkerProgram::self() {
    Result<WorkerProgram> program = at("/proc/self/exe");
    if (program) program->sanitized_ = has_sanitizer_runtime();
    return program;
}

Result<WorkerProgram> WorkerProgram::twin_host(const std::filesystem::path& path) {
    Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file.ok()) return fail_errno("opening the host of sanitizer twins");
    return WorkerProgram(path, std::move(file), true);
}

Result<LaunchedProcess> launch(const LaunchPlan& plan) {
    const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null.ok()) return fail_errno("/dev/null");
    const Sources sources{lifted(null.get()),   lifted(plan.channel), lifted(plan.input),
                          lifted(plan.content), lifted(plan.batch),   lifted(plan.output)};
    const Descriptor program = lifted(plan.program);
    if (!sources.ok() || !program.ok()) return fail_errno("copying descriptors");

    LaunchedProcess process;
    int handle = -1;
    if (plan.cgroup >= 0) process.id = clone_process(kNamespaces, handle, plan.cgroup);
    process.cgroup = process.id > 0;
    if (process.id < 0) process.id = clone_process(kNamespaces, handle);
    process.namespaces = process.id > 0;
    // Namespaces can be forbidden (a container, a sysctl), and so can clone3 as a whole.
    if (process.id < 0) process.id = clone_process(0, handle);
    if (process.id < 0) process.id = ::fork();
    if (process.id == 0) become_worker(sources, program.get(), plan.fixes_addresses);
    if (process.id < 0) return fail_errno("starting a worker");
    if (handle < 0) handle = static_cast<int>(::syscall(SYS_pidfd_open, process.id, 0));
    process.handle = Descriptor(handle);
    if (!process.handle.ok()) {
        const auto failed = fail_errno("pidfd_open");
        ::kill(process.id, SIGKILL);
        ::waitpid(process.id, nullptr, 0);
        return failed;
    }
    return process;
}

}  // namespace firebreak::validator
