#pragma once

#include <memory>

#include "sensor/host/calls.hpp"
#include "sensor/host/shared_library.hpp"

namespace firebreak::sensor {

/// Maps `library` and finds its table.
///
/// @returns Errc::kUnsupported for another ABI version, Errc::kInvalid with the loader's reason, or
///   with the rule of sensor.h that the table breaks.
[[nodiscard]] Result<std::unique_ptr<EngineCalls>> map_engine(SharedLibrary library);

}  // namespace firebreak::sensor
