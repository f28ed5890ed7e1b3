#include "core/rollout/freeze.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"

namespace firebreak::rollout {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::int64_t kMinutesOfDay = 24 * 60;

tl::unexpected<Error> malformed() {
    return fail(Errc::kMalformed,
                "must be a weekday or a date, and a time of day: 'fri 16:00', '2026-12-20 00:00'");
}

}  // namespace

Result<LocalMoment> parse_local_moment(std::string_view text) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return malformed();
    const std::string_view day = text.substr(0, blank);
    const std::string_view time = text.substr(blank + 1);
    const auto* weekday = std::ranges::find(kDays, day);
    const bool weekly = weekday != kDays.end();
    // A weekday is read like a date: 1970 has a Monday on 5 January.
    constexpr const char* kAnyDate = "1970-01-05";
    const std::string date = weekly ? kAnyDate : std::string(day);
    const auto read = parse_utc(date + "T" + std::string(time) + ":00Z");
    if (!read) return malformed();
    const auto minutes = std::chrono::floor<std::chrono::minutes>(read->time_since_epoch()).count();
    if (!weekly) {
        // In no zone does it leave the years that times are written with.
        const bool writable = date >= "1971" && date < "9999";
        return writable ? Result<LocalMoment>(LocalMoment{false, minutes}) : malformed();
    }
    return LocalMoment{true, (weekday - kDays.begin()) * kMinutesOfDay + minutes % kMinutesOfDay};
}

std::string format_local_moment(const LocalMoment& moment) {
    const std::string utc = format_utc(std::chrono::sys_seconds{
        std::chrono::minutes{moment.weekly ? moment.minutes % kMinutesOfDay : moment.minutes}});
    const std::string time = utc.substr(11, 5);
    if (!moment.weekly) return utc.substr(0, 10) + " " + time;
    return std::string(kDays.at(static_cast<std::size_t>(moment.minutes / kMinutesOfDay))) + " " +
           time;
}

}  // namespace firebreak::rollout
