#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace firebreak::rollout {

/// A moment on a clock on the wall: of one date, or of each week.
struct LocalMoment {
    bool weekly = false;
    /// Weekly: from Monday 00:00. Otherwise from 1970-01-01 00:00, both as the clock shows.
    std::int64_t minutes = 0;
    friend bool operator==(const LocalMoment&, const LocalMoment&) = default;
};

/// A span of local time in which nothing new is exposed: no ring opens, no threshold rises. What is
/// exposed already goes on, and so do halts.
struct Freeze {
    std::string name;  ///< For people: 1..200 bytes.
    std::string zone;  ///< Of the IANA time zone database: "Europe/Berlin", "UTC".
    LocalMoment from;
    LocalMoment until;  ///< Exclusive; weekly when `from` is.
    friend bool operator==(const Freeze&, const Freeze&) = default;
};

/// Reads "fri 16:00" (each week; mon to sun) or "2026-12-20 00:00" (1971 to 9998, a date that
/// exists); 00:00 to 23:59.
///
/// @returns Errc::kMalformed otherwise.
[[nodiscard]] Result<LocalMoment> parse_local_moment(std::string_view text);

/// The text that parse_local_moment reads back as `moment`.
std::string format_local_moment(const LocalMoment& moment);

}  // namespace firebreak::rollout
