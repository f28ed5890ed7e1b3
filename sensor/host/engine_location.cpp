#include "sensor/host/engine_location.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::string_view kProgramPrefix = "exec:";

}  // namespace

EngineLocation EngineLocation::of(const std::filesystem::path& written) {
    const std::string text = written.string();
    if (!text.starts_with(kProgramPrefix)) return {.path = written, .program = false};
    return {.path = text.substr(kProgramPrefix.size()), .program = true};
}

std::string EngineLocation::to_string() const {
    return (program ? std::string(kProgramPrefix) : std::string()) + path.string();
}

EngineLocation EngineLocation::from(const std::filesystem::path& base) const {
    return {.path = (base / path).lexically_normal(), .program = program};
}

}  // namespace firebreak::sensor
