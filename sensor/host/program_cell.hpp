#pragma once

#include <vector>

#include "core/base/error.hpp"
#include "sensor/host/landlock.hpp"

namespace firebreak::sensor {

/// The cell that every engine program lives in, from before its first instruction until its end,
/// wherever it runs: in the validator, in a trial, and live on the endpoint.
///
/// What it can do: compute, take memory, start threads, read files and execute code beneath the
/// folders of installed software (/usr, /lib…, /opt), and speak over the descriptors it was given.
/// What it cannot: write or make a file, open a socket, start a process, touch another one, gain a
/// privilege. A call of the second kind that no honest engine makes kills it (SIGSYS); every other
/// one is answered "not permitted", because language runtimes try things at their start.
///
/// The system-call filter is the floor: without it no program is started. Landlock is added where
/// the kernel has it; without it more files can be read, and none written.
///
/// Tests: tests/unit/sensor/host/pipe_calls_test.cpp.
class ProgramCell {
public:
    /// Prepares everything that needs memory. @returns Errc::kUnsupported without seccomp filters,
    /// or an errno.
    [[nodiscard]] static Result<ProgramCell> prepare();

    /// Closes the calling process in. Between fork and exec: async-signal-safe.
    ///
    /// @returns 0, or an errno, and then the process must end.
    int enter() const noexcept;

private:
    struct Instruction {  // struct sock_filter, of linux/filter.h.
        std::uint16_t code;
        std::uint8_t jump_true;
        std::uint8_t jump_false;
        std::uint32_t value;
    };

    ProgramCell(LandlockRules rules, std::vector<Instruction> filter)
        : rules_(std::move(rules)), filter_(std::move(filter)) {}

    [[nodiscard]] static Result<std::vector<Instruction>> compile_filter();

    LandlockRules rules_;
    std::vector<Instruction> filter_;
};

}  // namespace firebreak::sensor
