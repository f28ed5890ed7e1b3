#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "core/base/error.hpp"

namespace firebreak::client {

/// How a process ended.
struct ExitStatus {
    bool exited = false;  ///< By itself; then `code` is its exit code, else the signal's number.
    int code = 0;

    bool succeeded() const { return exited && code == 0; }
    std::string to_string() const;  ///< "exit code 1", "SIGSEGV".
};

/// A process that is given nothing: an empty environment, no input, no error output, no descriptor
/// but the one on which it may answer. Whoever owns this object outlives it: it is killed, with its
/// process group, and reaped at the latest when this goes.
class ChildProcess {
public:
    /// Starts `program` with `arguments` (its own name not among them). @returns an errno.
    [[nodiscard]] static Result<ChildProcess> start(const std::filesystem::path& program,
                                                    const std::vector<std::string>& arguments);

    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;

    /// The end from which the child's standard output is read, closed on exec. Handed over.
    int release_output();

    /// Kills what still runs and waits for its end; a child that has ended keeps its own status.
    ExitStatus end();

private:
    ChildProcess(pid_t pid, int output) : pid_(pid), output_(output) {}

    pid_t pid_;
    int output_;
};

/// The file that this process runs: to start it again under another role.
std::filesystem::path own_program();

}  // namespace firebreak::client
