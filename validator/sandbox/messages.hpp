#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "sensor/host/confine.hpp"
#include "sensor/host/engine.hpp"
#include "validator/abi/check.hpp"
#include "validator/sandbox/shared_memory.hpp"
#include "validator/sandbox/wire.hpp"

namespace firebreak::validator {

/// The fields of each message, in one place for both ends. Caps are those of the reading side.

inline constexpr std::size_t kNameBytesMax = 4096;
inline constexpr std::size_t kMessageBytesMax = 4096;

/// What a worker is told first, by a supervisor it can trust.
struct OpenRequest {
    std::string engine;
    Sha256 sha256;
    sensor::ProcessLimits limits;
    std::uint64_t input_bytes = 0;
    std::uint64_t content_bytes = 0;
    std::vector<ImageEntry> entries;
};

Bytes encode(const OpenRequest& request);
[[nodiscard]] Result<OpenRequest> decode_open(WireReader& reader);

struct LoadedAnswer {
    std::uint64_t rules = 0;
    std::vector<sensor::Diagnostic> diagnostics;
};

/// A refusal, a failure or a sandbox that could not be made, by the type of its frame.
struct TroubleAnswer {
    std::string message;
    std::vector<sensor::Diagnostic> diagnostics;
};

/// One input of a batch, as the worker leaves it in the BatchArea. What it cannot hold of many
/// matches is cut: kBatchMatchesMax rules, without their details.
struct BatchEntry {
    bool failed = false;  ///< The engine gave up, or answered with another status.
    std::chrono::microseconds cpu{};
    std::string message{};
    std::vector<std::string> rules{};       ///< That matched, in the engine's order.
    std::vector<std::uint32_t> features{};  ///< Of coverage; new in the worker's life.
};

inline constexpr std::size_t kBatchMatchesMax = 256;
inline constexpr std::size_t kBatchRuleBytesMax = 256;
inline constexpr std::size_t kBatchFeaturesMax = 4096;
/// No entry is longer.
inline constexpr std::size_t kBatchEntryBytesMax =
    kBatchMatchesMax * (kBatchRuleBytesMax + 4) + kBatchFeaturesMax * 4 + kMessageBytesMax + 64;

/// @returns a frame.
Bytes encode(const BatchEntry& entry);

/// Takes the first entry off `answers`.
///
/// @returns Errc::kMalformed when there is none that is whole. Texts are made printable.
[[nodiscard]] Result<BatchEntry> decode_batch_entry(ByteView& answers);

Bytes encode(const sensor::ProgramEnd& end);
Bytes encode(const CheckResult& result);
Bytes encode(const LoadedAnswer& answer);
Bytes encode(MessageType type, const TroubleAnswer& answer);
Bytes encode(const std::vector<sensor::Match>& matches);

/// @returns Errc::kMalformed when the frame is not exactly that. Texts are made printable.
[[nodiscard]] Result<LoadedAnswer> decode_loaded(WireReader& reader);
[[nodiscard]] Result<TroubleAnswer> decode_trouble(WireReader& reader);
[[nodiscard]] Result<sensor::ProgramEnd> decode_end(WireReader& reader);
[[nodiscard]] Result<CheckResult> decode_checked(WireReader& reader);
[[nodiscard]] Result<std::vector<sensor::Match>> decode_matches(WireReader& reader);

}  // namespace firebreak::validator
