#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file_store.hpp"
#include "validator/sandbox/executor.hpp"
#include "validator/sandbox/sanitizer.hpp"

namespace firebreak::validator::test {

/// Patient with a busy machine by the clock, and not at all with CPU time.
inline SandboxPolicy strict_policy() {
    SandboxPolicy policy;
    policy.memory_bytes_max = 256U << 20U;
    policy.input_bytes_max = 1U << 20U;
    policy.load = {.cpu = std::chrono::milliseconds{1500}, .wall = std::chrono::seconds{60}};
    policy.evaluate = policy.load;
    return policy;
}

/// Hashed once: some tests ask for the same engine a thousand times.
inline EngineFile engine_at(const std::string& path) {
    static std::map<std::string, EngineFile> known;
    const auto found = known.find(path);
    if (found != known.end()) return found->second;
    const Result<Bytes> bytes = PosixFileStore().read(path, 1U << 28U);
    EXPECT_TRUE(bytes) << path;
    if (!bytes) return {path, Sha256{}};
    return known[path] = {path, sha256(*bytes), needs_address_sanitizer(*bytes)};
}

inline EngineFile rogue(const std::string& name) {
    return engine_at(std::string(FIREBREAK_ROGUE_DIR) + "/" + name + ".so");
}

inline EngineFile yara() {
    return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/yara.so");
}

/// A worker on an engine and one file of content.
class Sandbox {
public:
    explicit Sandbox(SandboxPolicy policy = strict_policy(),
                     WorkerProgram program = *WorkerProgram::self())
        : program_(std::move(program)),
          policy_(std::move(policy)),
          executor_(program_, policy_, clock_) {}

    OpenRun open(const EngineFile& engine, std::string_view content = kQuietContent) {
        const ByteView bytes = bytes_of(content);
        image_.emplace(*ContentImage::make({{"rules.yar", bytes}}));
        return executor_.open(engine, *image_);
    }

    Executor& executor() { return executor_; }

    static constexpr std::string_view kQuietContent =
        "rule quiet { strings: $a = \"never to be seen\" condition: $a }\n";

private:
    WorkerProgram program_;
    SandboxPolicy policy_;
    SystemClock clock_;
    std::optional<ContentImage> image_;
    Executor executor_;
};

}  // namespace firebreak::validator::test
