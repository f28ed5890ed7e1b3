#include "client/platform/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <sys/wait.h>
#include <utility>

namespace firebreak::client {
namespace {

tl::unexpected<Error> fail_errno(int number, std::string doing) {
    return fail({number, std::generic_category()}, std::move(doing));
}

/// posix_spawn's two opaque objects, released together.
class SpawnPlan {
public:
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    ~SpawnPlan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    /// @returns 0 or an errno.
    int prepare(int output) {
        int error =
            posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (error == 0) error = posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        if (error == 0) {
            error = posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null",
                                                     O_WRONLY, 0);
        }
        if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
        // A group of its own, to be killed whole; and none of this process's signal settings.
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        if (error == 0) error = posix_spawnattr_setpgroup(&attributes_, 0);
        if (error == 0) error = posix_spawnattr_setsigmask(&attributes_, &none);
        if (error == 0) error = posix_spawnattr_setsigdefault(&attributes_, &all);
        if (error == 0) {
            error = posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP |
                                                               POSIX_SPAWN_SETSIGMASK |
                                                               POSIX_SPAWN_SETSIGDEF);
        }
        return error;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

std::string ExitStatus::to_string() const {
    if (exited) return "exit code " + std::to_string(code);
    const char* const name = sigabbrev_np(code);
    return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(code);
}

Result<ChildProcess> ChildProcess::start(const std::filesystem::path& program,
                                         const std::vector<std::string>& arguments) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");

    const std::string name = program.string();
    std::vector<char*> argv{const_cast<char*>(name.c_str())};
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    char* const no_environment[] = {nullptr};

    SpawnPlan plan;
    pid_t pid = -1;
    int error = plan.prepare(ends[1]);
    if (error == 0) {
        error = ::posix_spawn(&pid, name.c_str(), &plan.actions_, &plan.attributes_, argv.data(),
                              no_environment);
    }
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        return fail_errno(error, "start " + name);
    }
    return ChildProcess(pid, ends[0]);
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) end();
    if (output_ >= 0) ::close(output_);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)) {}

int ChildProcess::release_output() {
    return std::exchange(output_, -1);
}

ExitStatus ChildProcess::end() {
    ExitStatus result;
    if (pid_ <= 0) return result;
    // Not reaped yet, so the numbers are still its own, even when it has ended.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    pid_t reaped = -1;
    do {
        reaped = ::waitpid(pid_, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    pid_ = -1;
    if (reaped < 0) return result;
    result.exited = WIFEXITED(status);
    result.code = result.exited ? WEXITSTATUS(status) : WTERMSIG(status);
    return result;
}

std::filesystem::path own_program() {
    return "/proc/self/exe";
}

}  // namespace firebreak::client
