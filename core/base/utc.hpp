#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace firebreak {

/// "2026-11-22T21:59:07Z": the one form of date that TUF metadata has (specification 4.2).
std::string format_utc(std::chrono::sys_seconds time);

/// "2026-11-22T21:59:07.123Z": for logs and events.
std::string format_utc_millis(Instant time);

/// @returns the time, or Errc::kMalformed unless `text` is exactly format_utc's form and a date
///   that exists, with a year from 1970 to 9999. No leap second, no other zone.
[[nodiscard]] Result<std::chrono::sys_seconds> parse_utc(std::string_view text);

/// The reverse of format_utc_millis: exactly "2026-11-22T21:59:07.123Z", a year from 1970 to 9999.
///
/// @returns Errc::kMalformed otherwise.
[[nodiscard]] Result<Instant> parse_utc_millis(std::string_view text);

}  // namespace firebreak
