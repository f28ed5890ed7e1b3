#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "sensor/sensor.h"

namespace firebreak::sensor {

/// How a program that was an engine came to its end.
struct ProgramEnd {
    enum class How : std::uint8_t {
        kSignal = 1,    ///< `detail`: its number. SIGSYS: a system call that it must not make.
        kExited = 2,    ///< By itself; `detail`: the exit code.
        kDeadline = 3,  ///< Killed by us: it did not answer in time.
        kBroken = 4,    ///< Killed by us: what it said is not the protocol.
    };
    How how = How::kBroken;
    int detail = 0;
    std::string message{};  ///< One line for people, with the end of what it wrote to stderr.
};

/// What a host that drives a program holds of it. Whoever seals the process that the host runs in
/// has to leave it the use of these (SealOptions).
struct ProgramHandles {
    int requests = -1;
    int answers = -1;
    int errors = -1;
    int process = -1;  ///< A pidfd.
};

/// The calls of sensor.h, whichever way they reach the engine: through a table in this process, or
/// over a pipe. What comes back is what the engine said, unchecked; engine.hpp is the side that
/// believes nothing. Used directly only by who checks whether an engine keeps the rules.
///
/// An Error is not an answer of the engine's: it has none any more (Errc::kUnavailable), or this
/// way of calling cannot carry the request (Errc::kTooLarge, Errc::kUnsupported).
class EngineCalls {
public:
    virtual ~EngineCalls() = default;

    /// Whether the engine says that it speaks this version of the ABI. Changes nothing.
    [[nodiscard]] virtual Result<bool> speaks(std::uint32_t abi_version) = 0;

    [[nodiscard]] virtual Result<fb_status> info(const fb_text_sink& out) = 0;
    [[nodiscard]] virtual Result<fb_status> load(const fb_load_request& request,
                                                 fb_loaded& loaded) = 0;
    [[nodiscard]] virtual Result<fb_status> describe(const fb_content* content,
                                                     const fb_text_sink& out) = 0;
    [[nodiscard]] virtual Result<fb_status> inputs(fb_text type, const fb_text_sink& out) = 0;
    [[nodiscard]] virtual Result<fb_status> evaluate(fb_content* content, const fb_input& input,
                                                     const fb_budget& budget,
                                                     const fb_match_sink& matches) = 0;
    [[nodiscard]] virtual Result<fb_status> reset(fb_content* content) = 0;
    [[nodiscard]] virtual Result<fb_status> unload(fb_content* content) = 0;

    /// @returns Errc::kUnsupported when the engine has no such function.
    [[nodiscard]] virtual Result<fb_status> set_allocator(const fb_allocator* allocator) = 0;

    /// Measures which fields rules really read (sensor.h). nullptr: begins anew.
    ///
    /// @returns Errc::kUnsupported when the engine cannot, or this way of calling it has no words
    ///   for it.
    [[nodiscard]] virtual Result<fb_status> coverage(fb_content* content, const fb_text_sink* out);

    /// The table itself; nullptr when the engine is not in this process.
    virtual const fb_engine* table() const { return nullptr; }

    /// Set once a program has ended; an engine in this process ends with it, and never says so.
    virtual std::optional<ProgramEnd> end() const { return std::nullopt; }

    virtual std::optional<ProgramHandles> program() const { return std::nullopt; }
};

}  // namespace firebreak::sensor
