#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "sensor/host/calls.hpp"
#include "sensor/sensor.h"

namespace firebreak::sensor {

/// What an engine build says it can do, produced by its own code (sensor.h, info()).
struct CapabilityManifest {
    std::string name;     ///< "yara".
    std::string version;  ///< "4.2.3".
    std::string build_id;
    std::vector<std::string> content_types;  ///< "yara-source".
    std::vector<std::string>
        contracts;  ///< Event contracts with the arity really supplied: "process_creation/v1:21".
    std::vector<std::string> capabilities;  ///< "yara.module.elf", …
    std::uint64_t content_bytes_max = 0;    ///< All files of one content together.
    std::uint64_t input_bytes_max = 0;      ///< One file to scan, or all fields of one event.
    std::uint64_t rules_max = 0;
    /// The highest counter of a bundle that it has room for; a manifest need not say.
    std::int64_t counter_max = std::numeric_limits<std::int64_t>::max();
    json::value raw;  ///< The whole manifest as the engine gave it.
};

/// One file of content handed to load().
struct SourceFile {
    std::string_view name;
    ByteView bytes;
};

/// What an engine had to say while loading: an error or a warning, with its place in the content.
struct Diagnostic {
    bool error = false;
    std::string file;
    std::uint32_t line = 0;  ///< From 1; 0: unknown.
    std::string message;
};

struct Match {
    std::string rule;
    std::string detail;  ///< What matched and where: "$a at 0x40".
};

struct LoadLimits {
    std::uint64_t rules_max = 100'000;
    std::uint64_t memory_bytes_max = 1U << 30U;
};

/// One loaded content of one engine. Unloads when it goes; must not outlive its Engine.
class LoadedContent {
public:
    virtual ~LoadedContent() = default;

    /// Runs the content over one input (a file's bytes for file engines).
    ///
    /// @param deadline  The engine is asked to stop by itself after this long; a caller that must
    ///                  be sure runs it in another process.
    /// @returns the matches, or Errc::kUnavailable when the engine gave up (timeout, limit) and
    ///   Errc::kInvalid for any other status: a result that is not ok is an outage, never "no
    ///   match".
    [[nodiscard]] virtual Result<std::vector<Match>> evaluate(
        std::string_view input_name, ByteView input, std::chrono::milliseconds deadline) = 0;

    /// The same for an input of any kind, whose arrays the caller owns and has placed where it
    /// wants them (the validator: right before an unmapped page).
    [[nodiscard]] virtual Result<std::vector<Match>> evaluate(
        const fb_input& input, std::chrono::milliseconds deadline) = 0;

    /// Has the engine forget what it kept from earlier inputs.
    [[nodiscard]] virtual Result<void> reset() = 0;

    /// Has the engine measure, from here on, which fields its rules really read.
    ///
    /// @returns Errc::kUnsupported when this engine cannot.
    [[nodiscard]] virtual Result<void> start_coverage() = 0;

    /// What was measured since (docs/sensor-abi.md, "Coverage").
    [[nodiscard]] virtual Result<json::value> coverage() const = 0;

    virtual std::uint64_t rule_count() const = 0;

    /// Everything the content declares: rules with their files and lines, modules, strings. Asks
    /// the engine each time: a large content has a large description.
    ///
    /// @returns Errc::kInvalid when the engine cannot, or what it wrote is not JSON.
    [[nodiscard]] virtual Result<json::value> describe() const = 0;
};

/// An engine file, loaded into this process (sensor.h is the contract). Validator and agent load
/// the same file the same way; its SHA-256 is the build's identity everywhere.
class Engine {
public:
    virtual ~Engine() = default;

    /// Loads the shared library at `path`, or, when that is "exec:" and a path, starts the program
    /// there (pipe_calls.hpp).
    ///
    /// The constructors of a library run with all the rights of this process: whoever does not
    /// trust the file yet calls this in a sandbox (before RLIMIT_FSIZE and the system-call filter:
    /// the file is copied into memory, hashed there and mapped or executed from there, so that no
    /// later write to it can change what was checked). A program is always confined.
    ///
    /// @param expected  nullptr: whatever is there. Otherwise the file must have this digest, which
    ///                  is checked on the very bytes that are mapped, before any of its code runs.
    /// @returns Errc::kConflict for another digest, Errc::kUnsupported for another ABI version,
    ///   Errc::kInvalid for a file that is no engine (with the loader's reason), whose table or
    ///   manifest breaks the ABI, or that leaves a signal handler behind; Errc::kTooLarge, or an
    ///   errno.
    [[nodiscard]] static Result<std::unique_ptr<Engine>> open(const std::filesystem::path& path,
                                                              const Sha256* expected);

    /// @returns the content; Errc::kInvalid with the first error diagnostic in the text;
    ///   Errc::kTooLarge past a limit of ours or of the engine. A load that is only partly done is
    ///   an error, and nothing stays behind.
    /// @param diagnostics  Receives everything the engine said, also on success.
    [[nodiscard]] virtual Result<std::unique_ptr<LoadedContent>> load(
        const std::vector<SourceFile>& files, const LoadLimits& limits,
        std::vector<Diagnostic>& diagnostics) = 0;

    /// What this build's integration really supplies for an input type: "file", or a contract with
    /// its fields in order.
    ///
    /// @returns Errc::kNotFound for a type it does not supply.
    [[nodiscard]] virtual Result<json::value> inputs(std::string_view type) const = 0;

    /// Puts an allocator under the engine, or takes it away again (nullptr): for fault injection
    /// and accounting. It must outlive its use.
    ///
    /// @returns Errc::kUnsupported when this engine takes none; Errc::kInvalid while it holds
    /// content.
    [[nodiscard]] virtual Result<void> set_allocator(const fb_allocator* allocator) = 0;

    /// The calls beneath, for who checks the engine itself; and what it runs in, if that is a
    /// process of its own (EngineCalls::program, EngineCalls::end).
    virtual EngineCalls& calls() = 0;
    virtual const EngineCalls& calls() const = 0;

    virtual const CapabilityManifest& capabilities() const = 0;
    virtual const Sha256& build() const = 0;
};

}  // namespace firebreak::sensor
