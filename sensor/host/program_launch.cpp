#include "sensor/host/program_launch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/base/errc.hpp"
#include "sensor/host/program_cell.hpp"

namespace firebreak::sensor {
namespace {

/// Descriptors up to here are targets of a dup2 in the child, so sources lie above.
constexpr int kSourcesFrom = 10;
constexpr int kProgramDescriptor = 3;

/// How a start can fail after the fork, as the child reports it.
struct StartFailure {
    int number = 0;
    bool in_exec = false;
};

tl::unexpected<Error> fail_errno(const char* doing) {
    return fail({errno, std::generic_category()}, doing);
}

/// Closes when it goes; 0 and 1 of a pair are reading and writing end.
class Ends {
public:
    Ends() = default;
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        for (const int end : ends) {
            if (end >= 0) ::close(end);
        }
    }
    int release(std::size_t index) { return std::exchange(ends.at(index), -1); }
    void close(std::size_t index) { ::close(release(index)); }

    std::array<int, 2> ends{-1, -1};
};

/// Lifts both ends above the numbers that the child assigns.
bool lift(Ends& pair) {
    for (int& end : pair.ends) {
        const int lifted = ::fcntl(end, F_DUPFD_CLOEXEC, kSourcesFrom);
        ::close(end);
        end = lifted;
        if (lifted < 0) return false;
    }
    return true;
}

struct Channels {
    Ends requests, answers, errors, failure;

    bool make() {
        // A socket, so that writing to a program that died is an error and not a SIGPIPE.
        return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, requests.ends.data()) == 0 &&
               ::pipe2(answers.ends.data(), O_CLOEXEC) == 0 &&
               ::pipe2(errors.ends.data(), O_CLOEXEC) == 0 &&
               ::pipe2(failure.ends.data(), O_CLOEXEC) == 0 && lift(requests) && lift(answers) &&
               // Only our ends: a program that logs must not meet EAGAIN on its stderr.
               lift(errors) && lift(failure) &&
               ::fcntl(answers.ends[0], F_SETFL, O_NONBLOCK) == 0 &&
               ::fcntl(errors.ends[0], F_SETFL, O_NONBLOCK) == 0;
    }
};

[[noreturn]] void give_up(int report, StartFailure failure) {
    const ssize_t written = ::write(report, &failure, sizeof failure);
    ::_exit(written == sizeof failure ? 126 : 125);
}

void default_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < 65; ++signal) ::sigaction(signal, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the child between fork and exec, where only async-signal-safe calls are allowed.
[[noreturn]] void become_program(const Channels& channels, const ProgramCell& cell, int program,
                                 bool script) {
    const int report = channels.failure.ends[1];
    default_signals();
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const std::array<std::pair<int, int>, 4> table{{{channels.requests.ends[1], STDIN_FILENO},
                                                    {channels.answers.ends[1], STDOUT_FILENO},
                                                    {channels.errors.ends[1], STDERR_FILENO},
                                                    {program, kProgramDescriptor}}};
    for (const auto& [from, to] : table) {
        if (::dup2(from, to) < 0) give_up(report, {.number = errno});
    }
    if (::close_range(kProgramDescriptor + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        give_up(report, {.number = errno});
    }
    if (!script) ::fcntl(kProgramDescriptor, F_SETFD, FD_CLOEXEC);
    if (::chdir("/") != 0) give_up(report, {.number = errno});
    if (const int failed = cell.enter(); failed != 0) give_up(report, {.number = failed});

    const std::array<const char*, 2> arguments{"sensor-engine", nullptr};
    const std::array<const char*, 3> environment{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", nullptr};
    ::execveat(kProgramDescriptor, "", const_cast<char* const*>(arguments.data()),
               const_cast<char* const*>(environment.data()), AT_EMPTY_PATH);
    give_up(report, {.number = errno, .in_exec = true});
}

/// Waits until the child has become the program, or said why not.
Result<void> await_exec(int report) {
    StartFailure failure;
    ssize_t got = 0;
    do {
        got = ::read(report, &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return {};
    if (got != sizeof failure) return fail(Errc::kInvalid, "the program could not be started");
    const Error reason({failure.number, std::generic_category()}, "");
    if (!failure.in_exec) return fail(reason.seen_from("closing in the program"));
    return fail(Errc::kInvalid,
                "this is no program that runs here: " +
                    std::string(std::strerror(failure.number)) +  // NOLINT: one thread reads it.
                    " (a script's first line must name its interpreter, by its whole path)");
}

}  // namespace

Result<LaunchedProgram> launch_program(const SealedFile& file) {
    const Result<ProgramCell> cell = ProgramCell::prepare();
    if (!cell) return fail(cell.error());
    Channels channels;
    if (!channels.make()) return fail_errno("making an engine's channels");
    Ends program;
    program.ends[0] = ::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, kSourcesFrom);
    if (program.ends[0] < 0) return fail_errno("copying a descriptor");
    const bool script = file.bytes().size() > 1 && file.bytes()[0] == '#' && file.bytes()[1] == '!';

    LaunchedProgram launched;
    launched.id = ::fork();
    if (launched.id == 0) become_program(channels, *cell, program.ends[0], script);
    if (launched.id < 0) return fail_errno("starting an engine");
    channels.failure.close(1);
    Result<void> started = await_exec(channels.failure.ends[0]);
    launched.handles.process = static_cast<int>(::syscall(SYS_pidfd_open, launched.id, 0));
    if (started && launched.handles.process < 0) started = fail_errno("pidfd_open");
    if (!started) {
        ::kill(launched.id, SIGKILL);
        while (::waitpid(launched.id, nullptr, 0) < 0 && errno == EINTR) {}
        if (launched.handles.process >= 0) ::close(launched.handles.process);
        return fail(started.error());
    }
    launched.handles.requests = channels.requests.release(0);
    launched.handles.answers = channels.answers.release(0);
    launched.handles.errors = channels.errors.release(0);
    return launched;
}

}  // namespace firebreak::sensor
