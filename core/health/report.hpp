#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::health {

/// What a report tells. The wire names are the lower-case words.
enum class Kind {
    kActivating,  ///< About to load `counter`: sent, and answered, before it loads.
    kHealthy,     ///< Ran `counter` for the confirm time, and the update path still works.
    kHeartbeat,   ///< Still here, running `counter`.
    kCrash,       ///< The sensor crashed or hung with `counter` in force.
    kRollback,    ///< Took itself back from `counter` to `to_counter`.
    kRefused,     ///< Would not install `counter`; `detail` holds the reason's code.
};

inline constexpr std::size_t kReportBytesMax = 4096;
inline constexpr std::size_t kDeviceIdBytesMax = 64;
inline constexpr std::size_t kStreamBytesMax = 64;
inline constexpr std::size_t kDetailBytesMax = 500;
inline constexpr std::array<std::string_view, 4> kAttributeNames{"architecture", "hardware", "host",
                                                                 "os"};
inline constexpr std::size_t kAttributeBytesMax = 100;

/// What a device is, by its own word: "os" and "Linux 6.1.0"; names are of kAttributeNames.
using Attributes = std::map<std::string, std::string>;

/// One message of a device about itself. Schema: schemas/health-report.v1.json.
struct Report {
    std::string device;         ///< Id given at enrolment: 1..64 of A-Z a-z 0-9 . _ -
    std::int64_t sequence = 0;  ///< From 1, one more each report: makes a repeat harmless.
    Kind kind = Kind::kHeartbeat;
    std::string stream;           ///< 1..64 of a-z 0-9 . _ -
    std::int64_t counter = 0;     ///< The bundle it is about; 0: none.
    std::int64_t to_counter = 0;  ///< For kRollback; otherwise 0.
    Sha256 engine_build;
    Instant time;        ///< The device's own clock: for people, never for decisions.
    std::string detail;  ///< At most 500 bytes, printable ASCII: "SIGSEGV in evaluate".
    /// For kActivating, and then as the device is just now: it may have been upgraded since it
    /// enrolled. Values have at most 100 bytes, printable ASCII.
    Attributes attributes{};

    friend bool operator==(const Report&, const Report&) = default;
};

/// One line of JSON, all members, in a fixed order; attributes only when there are any. `detail`
/// and the values of attributes are cut and their unprintable bytes become '?': a detail often
/// quotes what a crash left behind, and a report must not fail for it.
///
/// @pre the other members are within their limits.
std::string serialize_report(const Report& report);

/// @returns the report, or Errc::kMalformed with the member's path. Strict: the members above, each
///   once, no others; at most kReportBytesMax (Errc::kTooLarge). The time may have its milliseconds
///   or not. A kind that is about a bundle (all
///   but kHeartbeat) has a counter of at least 1.
[[nodiscard]] Result<Report> parse_report(std::string_view text);

std::string_view name_of(Kind kind);

}  // namespace firebreak::health
