#include <cstdio>

#include "sensor/host/engine_location.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kEngineBytesMax = 256U << 20U;

}  // namespace

int complain(int code, const std::string& line) {
    (void)std::fprintf(stderr, "firebreak-validate: %s\n", line.c_str());
    return code;
}

bool print(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return std::fflush(stdout) == 0 && written;
}

Result<EngineFile> engine_file(const FileStore& files, const std::string& path) {
    const Result<Bytes> bytes = files.read(sensor::EngineLocation::of(path).path, kEngineBytesMax);
    if (!bytes) return fail(bytes.error().seen_from("engine"));
    return EngineFile{path, sha256(*bytes)};
}

}  // namespace firebreak::validator
