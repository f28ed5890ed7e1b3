#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/host/calls.hpp"

namespace firebreak::sensor {

/// How a process that runs an engine gives up what it could do, in three irreversible steps:
///
///     limit_process(...)      before anything of the engine is mapped
///     close_file_system()     likewise; from here on files can be read, none written or made
///     Engine::open(...)       the loader still needs to read the library and what it links
///     seal_process(...)       before the first byte of content is seen: content is what is judged
///
/// Afterwards the process can compute, take memory up to its limit, and talk over the channels it
/// was left with. The validator's workers and the agent's trial load go through the same steps.
///
/// Limits that need another process (namespaces, a deadline) are the parent's business.
/// Thread safety: none; the process must have one thread only, which seal_process() checks.
/// Tests: tests/integration/validator/confine_test.cpp.

struct ProcessLimits {
    std::uint64_t address_space_bytes = 0;  ///< 0: unlimited (sanitizers reserve terabytes).
    std::uint64_t cpu_seconds = 60;         ///< Of the whole process; the kernel kills at the end.
    std::uint64_t stack_bytes = 8U << 20U;
};

/// Sets the resource limits (address space, CPU, stack, no core file) and no-new-privileges.
///
/// @returns an errno with the name of the limit that could not be set.
[[nodiscard]] Result<void> limit_process(const ProcessLimits& limits);

/// Leaves the file system readable and nothing else, by Landlock.
///
/// @returns the Landlock ABI of this kernel; 0 where it has none, which is not an error but must be
///   recorded; an errno when the kernel has Landlock and refused.
[[nodiscard]] Result<int> close_file_system();

/// What a call outside the allow-list leads to.
enum class OnViolation {
    kKill,   ///< The kernel kills the process (SIGSYS).
    kReport  ///< The call blocks and is shown to whoever holds Seal::listener, who kills it. So the
             ///< number of the call is evidence from the kernel. Without such a kernel: kKill.
};

struct SealOptions {
    std::vector<int> channels{};  ///< Descriptors that may be read and written from now on.
    OnViolation on_violation = OnViolation::kKill;
    /// Calls that name a file are answered EACCES rather than counted as a violation. For sanitizer
    /// builds, whose reports look at /proc; such a process still cannot open anything.
    bool refuse_files_quietly = false;
    /// The program that is driven from here, if one is (Engine::calls().program()): it can still be
    /// spoken to, waited for and killed.
    std::optional<ProgramHandles> program{};
};

struct Seal {
    int landlock_abi = 0;  ///< 0: this kernel has none.
    int listener = -1;     ///< The seccomp listener, owned by the caller; -1: none.
};

/// Takes away the file system (Landlock, no exception), then every system call that computing does
/// not need (seccomp, a list of what is allowed).
///
/// @returns what holds, or Errc::kUnsupported when the process has more than one thread (a filter
///   would not bind the others) or the kernel has no seccomp filter: nothing may run then.
[[nodiscard]] Result<Seal> seal_process(const SealOptions& options);

/// "openat" for the number of a system call of this machine; "system call 999" for an unknown one.
std::string system_call_name(int number);

}  // namespace firebreak::sensor
