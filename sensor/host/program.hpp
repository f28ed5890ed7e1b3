#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <sys/types.h>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "sensor/host/calls.hpp"
#include "sensor/host/sealed_file.hpp"

namespace firebreak::sensor {

/// A program in its cell (program_cell.hpp), and the host's ends of what it speaks over.
///
/// What is executed are the very bytes that were hashed, from sealed memory. It gets its requests
/// on descriptor 0, answers on 1, and may complain on 2; a script finds itself on 3, because its
/// interpreter has to open it. No other descriptor, an environment of two fixed lines, the folder
/// "/", default signal handlers, a session of its own; it dies with the thread that started it.
///
/// The first thing that goes wrong ends it: it is killed and reaped before the call returns, and
/// every later call fails with the same reason. Nothing here waits past its deadline.
///
/// Thread safety: one thread at a time.
class Program {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    /// @returns Errc::kUnsupported when the machine has no cell for it, Errc::kInvalid for a file
    ///   that does not run here (with the system's reason), or an errno.
    [[nodiscard]] static Result<std::unique_ptr<Program>> start(const SealedFile& file);

    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    /// Writes all of `bytes`. @returns Errc::kUnavailable when the program is gone, or was ended.
    [[nodiscard]] Result<void> write(ByteView bytes, Deadline deadline);

    /// Fills all of `bytes`. @returns as write().
    [[nodiscard]] Result<void> read(std::span<std::uint8_t> bytes, Deadline deadline);

    /// Whether it has said something that was not read yet.
    bool has_unread() const;

    /// Ends it for what it said. @returns the error to pass on.
    Error breach(const std::string& what);

    const std::optional<ProgramEnd>& end() const { return end_; }
    ProgramHandles handles() const { return handles_; }

private:
    Program() = default;

    bool wait(int descriptor, short events, Deadline deadline);
    void drain_errors();
    Error finish(ProgramEnd::How how, const std::string& what);
    Error gone() const;

    ProgramHandles handles_;
    pid_t id_ = -1;
    Bytes unread_;  ///< What was read ahead of a caller's need.
    std::size_t unread_from_ = 0;
    std::string last_words_;
    std::optional<ProgramEnd> end_;
};

}  // namespace firebreak::sensor
