#pragma once

#include <filesystem>
#include <string>

namespace firebreak::sensor {

/// Where an engine is, as people write it in configurations and on command lines: the path of a
/// shared library, or "exec:" and the path of a program that speaks the ABI over a pipe
/// (docs/formats/sensor-pipe.md). The one place that tells the two apart.
struct EngineLocation {
    std::filesystem::path path;  ///< Of the file whose SHA-256 is the build's identity.
    bool program = false;        ///< "exec:".

    static EngineLocation of(const std::filesystem::path& written);

    /// As it is written: "exec:/opt/engine.py".
    std::string to_string() const;

    /// The same with a relative path taken from `base`, and tidied.
    EngineLocation from(const std::filesystem::path& base) const;
};

}  // namespace firebreak::sensor
