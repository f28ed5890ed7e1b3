#pragma once

#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"

namespace firebreak::rollout::detail {

/// The reverse of format_utc_millis: exactly "2026-11-22T21:59:07.123Z".
///
/// @returns Errc::kMalformed otherwise.
[[nodiscard]] inline Result<Instant> parse_utc_millis(std::string_view text) {
    const auto digit = [text](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
    if (text.size() != 24 || text[19] != '.' || text[23] != 'Z' || !digit(20) || !digit(21) ||
        !digit(22)) {
        return fail(Errc::kMalformed, "a time is written YYYY-MM-DDTHH:MM:SS.mmmZ");
    }
    const auto seconds = parse_utc(std::string(text.substr(0, 19)) + "Z");
    if (!seconds) return fail(seconds.error());
    const int millis = (text[20] - '0') * 100 + (text[21] - '0') * 10 + (text[22] - '0');
    return Instant{*seconds} + std::chrono::milliseconds{millis};
}

}  // namespace firebreak::rollout::detail
