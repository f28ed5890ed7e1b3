#pragma once

#include <string_view>

#include "sensor/host/engine.hpp"

namespace firebreak::sensor {

/// Reads what an engine's info() wrote (docs/sensor-abi.md, "Capability manifest"). Strict in what
/// it needs; members it does not know are kept in `raw` for the validator's report.
///
/// Limits: 1 MiB, 4096 entries a list, 200 bytes a name.
///
/// @returns Errc::kMalformed/kInvalid/kTooLarge with the member's path, Errc::kUnsupported for a
///   later manifest_version.
[[nodiscard]] Result<CapabilityManifest> parse_capability_manifest(std::string_view text);

}  // namespace firebreak::sensor
