#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak::validator {

/// What supervisor and worker say to each other over their socket pair: frames of
///
///     length (4 bytes, little endian, of all that follows) | type (1 byte) | fields
///
/// with fields of fixed order per type: integers little endian, text as a 4-byte length and bytes.
/// One request is answered by exactly one frame. The worker is hostile from the moment it has seen
/// content, so the reader trusts no length, and no field is optional.

enum class MessageType : std::uint8_t {
    // Requests.
    kOpen = 1,
    kSeal = 2,
    kLoad = 3,
    kDescribe = 4,
    kEvaluate = 5,
    kUnload = 6,
    kCheck = 7,
    kStartCoverage = 8,
    kCoverage = 9,
    kBatch = 10,
    kInputs = 11,
    // Answers.
    kOpened = 65,
    kSealed = 66,
    kLoaded = 67,
    kDescription = 68,
    kMatches = 69,
    kUnloaded = 70,
    kChecked = 71,
    kCoverageStarted = 72,
    kCovered = 73,
    kBatchDone = 74,
    kBatchEntry = 75,   ///< In the batch area, and never on the channel.
    kRefused = 80,      ///< The engine said no.
    kFailed = 81,       ///< The engine gave up, or answered with another status.
    kSetupFailed = 82,  ///< The sandbox could not be made.
    kAborted = 83,      ///< The worker's last word: abort() was called.
    kEngineEnded = 84,  ///< The engine is a program, and that came to its end.
};

inline constexpr std::size_t kFrameHeaderBytes = 4;

/// The length at the front of a frame. @pre `header` has kFrameHeaderBytes.
std::size_t frame_length(ByteView header);

class WireWriter {
public:
    explicit WireWriter(MessageType type);

    void u64(std::uint64_t value);
    void u32(std::uint32_t value);
    void text(std::string_view value);

    /// The whole frame. @pre it is below 4 GiB.
    const Bytes& frame();

private:
    Bytes bytes_;
};

/// Reads the fields of one frame in order. The first thing that does not fit spoils it: everything
/// after gives zeros and empty texts, and finished() says no.
class WireReader {
public:
    /// @param body  A frame without its length: type and fields.
    explicit WireReader(ByteView body);

    MessageType type() const noexcept { return type_; }

    std::uint64_t u64();
    std::uint32_t u32();

    /// @returns a view into the frame, of at most `bytes_max` bytes.
    std::string_view text(std::size_t bytes_max);

    /// The number of elements that follow, each of at least `element_bytes_min` bytes: a count
    /// that the rest of the frame could not hold spoils the reader before anybody reserves for it.
    std::size_t count(std::size_t element_bytes_min);

    /// True when every field was there and nothing is left over.
    bool finished() const noexcept { return !spoiled_ && rest_.empty(); }
    bool spoiled() const noexcept { return spoiled_; }

private:
    ByteView take(std::size_t bytes);

    ByteView rest_;
    MessageType type_{};
    bool spoiled_ = false;
};

}  // namespace firebreak::validator
