#pragma once

#include <sys/types.h>

#include "core/base/error.hpp"
#include "sensor/host/calls.hpp"
#include "sensor/host/sealed_file.hpp"

namespace firebreak::sensor {

struct LaunchedProgram {
    pid_t id = -1;
    ProgramHandles handles;  ///< The caller's to close.
};

/// Starts `file` in its cell. What holds for it: program.hpp.
[[nodiscard]] Result<LaunchedProgram> launch_program(const SealedFile& file);

}  // namespace firebreak::sensor
