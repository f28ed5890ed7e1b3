#pragma once

#include <chrono>
#include <memory>

#include "sensor/host/calls.hpp"
#include "sensor/host/sealed_file.hpp"

namespace firebreak::sensor {

/// How long a program may take over a call before it is killed, by the clock. It is asked to keep
/// to its budgets by itself; these are for the one that does not.
struct PipePatience {
    std::chrono::milliseconds question{30'000};  ///< Everything that is neither of the next two.
    std::chrono::milliseconds load{100'000};     ///< load and describe.
    std::chrono::milliseconds evaluate_more{10'000};  ///< Beyond the budget's own time.
};

/// Starts `file` as an engine that speaks the ABI over a pipe (docs/formats/sensor-pipe.md) and
/// agrees with it on a version. The program is always confined (program_cell.hpp).
///
/// One that dies, hangs, lies or answers garbage is killed, and an Errc::kUnavailable with the
/// reason at this call and at every later one: it is not started again, because contents are gone
/// with it, and who loads content into what crashed decides whether to.
///
/// @returns Errc::kUnsupported when the machine cannot confine it or it speaks no version of ours,
///   Errc::kInvalid for a file that does not run, Errc::kUnavailable when it ended.
[[nodiscard]] Result<std::unique_ptr<EngineCalls>> start_pipe_engine(SealedFile file,
                                                                     const PipePatience& patience);

}  // namespace firebreak::sensor
