#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "sensor/sensor.h"

namespace firebreak::sensor {

/// What a host and a program say to each other: docs/formats/sensor-pipe.md, byte by byte.
enum class PipeRequest : std::uint8_t {
    kOpen = 1,
    kInfo = 2,
    kLoad = 3,
    kDescribe = 4,
    kInputs = 5,
    kEvaluate = 6,
    kReset = 7,
    kUnload = 8,
    kCoverage = 9,
};

/// Every frame: length (4 bytes, of what follows), type (1 byte), fields.
inline constexpr std::size_t kPipeHeaderBytes = 5;

/// The longest request. What does not fit cannot be asked.
inline constexpr std::size_t kPipeRequestBytesMax = 1U << 30U;

/// Writes one request.
class PipeRequestWriter {
public:
    explicit PipeRequestWriter(PipeRequest type);

    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    void bytes(const std::uint8_t* data, std::size_t length);
    void text(fb_text value);
    void input(const fb_input& input);

    /// @returns the whole frame, or Errc::kTooLarge past kPipeRequestBytesMax.
    [[nodiscard]] Result<Bytes> take();

private:
    Bytes bytes_;
    bool too_large_ = false;
};

/// The end of an answer. The counts are those of a load, and 0 otherwise.
struct PipeDone {
    fb_status status = FB_INTERNAL;
    std::uint64_t files_loaded = 0;
    std::uint64_t rules_seen = 0;
    std::uint64_t rules_loaded = 0;
};

/// Where what a program says goes; nullptr where the request has no place for it.
struct PipeSinks {
    const fb_text_sink* text = nullptr;
    const fb_diagnostic_sink* diagnostics = nullptr;
    const fb_match_sink* matches = nullptr;
};

/// Reads the frames that answer one request, as they come. They are bytes from outside: no length
/// is believed, no field is optional, and nothing is taken for which the request has no place.
///
/// Limits: a text of `text_bytes_max`, other frames of 64 KiB; one text, 10,000 diagnostics, and as
///   many matches as were asked for.
/// Tests: tests/unit/sensor/host/pipe_frames_test.cpp, tests/fuzz/sensor_pipe_fuzz.cpp.
class PipeAnswerReader {
public:
    PipeAnswerReader(PipeSinks sinks, std::size_t text_bytes_max, std::uint64_t matches_max);

    /// @param header  kPipeHeaderBytes.
    /// @returns how many bytes of fields follow, or Errc::kMalformed with the rule it breaks.
    [[nodiscard]] Result<std::size_t> begin(ByteView header);

    /// Takes the fields of the frame that begin() announced.
    ///
    /// @returns the end of the answer once it came, nothing before; Errc::kMalformed.
    [[nodiscard]] Result<std::optional<PipeDone>> take(ByteView fields);

private:
    [[nodiscard]] Result<void> take_text(ByteView fields);
    [[nodiscard]] Result<void> take_diagnostic(ByteView fields);
    [[nodiscard]] Result<void> take_match(ByteView fields);
    [[nodiscard]] Result<std::optional<PipeDone>> take_done(ByteView fields) const;

    PipeSinks sinks_;
    std::size_t text_bytes_max_;
    std::uint64_t matches_left_;
    std::uint8_t type_ = 0;
    std::size_t texts_ = 0;
    std::size_t diagnostics_ = 0;
    bool stopped_ = false;
};

}  // namespace firebreak::sensor
