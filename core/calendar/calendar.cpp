#include "core/calendar/calendar.hpp"

#include <algorithm>
#include <date/tz.h>
#include <exception>
#include <vector>

#include "core/base/errc.hpp"

namespace firebreak::calendar {
namespace {

using rollout::Freeze;
using std::chrono::minutes;
using LocalMinutes = date::local_time<minutes>;

constexpr std::chrono::days kWeek{7};
constexpr std::chrono::days kHorizon{10};
/// Of a weekly freeze: the horizon and more, as freezes that touch are one.
constexpr int kWeeksAhead = 4;

Instant to_instant(const date::time_zone& zone, LocalMinutes local, date::choose choose) {
    return Instant{std::chrono::duration_cast<Instant::duration>(
        zone.to_sys(local, choose).time_since_epoch())};
}

Span span_of(const Freeze& freeze, const date::time_zone& zone, LocalMinutes from,
             LocalMinutes until) {
    // What a clock shows twice counts in full: a freeze is never shorter than somebody meant.
    return {to_instant(zone, from, date::choose::earliest),
            to_instant(zone, until, date::choose::latest), freeze.name};
}

/// Adds those of the weekly freeze that can touch the time between now and the horizon.
void add_weekly(const Freeze& freeze, const date::time_zone& zone, Instant now,
                std::vector<Span>& spans) {
    constexpr date::local_days kAMonday{date::days{4}};  // 1970-01-05
    const date::local_days today = date::floor<date::days>(zone.to_local(now));
    const date::local_days monday = today - (today - kAMonday) % kWeek;
    const minutes from{freeze.from.minutes};
    minutes until{freeze.until.minutes};
    if (until <= from) until += kWeek;
    for (int week = -1; week <= kWeeksAhead; ++week) {
        const LocalMinutes start = monday + week * kWeek;
        spans.push_back(span_of(freeze, zone, start + from, start + until));
    }
}

void add_spans(const Freeze& freeze, Instant now, std::vector<Span>& spans) {
    const date::time_zone& zone = *date::locate_zone(freeze.zone);
    if (freeze.from.weekly) {
        add_weekly(freeze, zone, now, spans);
        return;
    }
    spans.push_back(span_of(freeze, zone, LocalMinutes{minutes{freeze.from.minutes}},
                            LocalMinutes{minutes{freeze.until.minutes}}));
}

}  // namespace

Result<std::optional<Span>> next_freeze(std::span<const Freeze> freezes, Instant now) {
    std::vector<Span> spans;
    try {
        if (!freezes.empty()) static_cast<void>(date::get_tzdb());
    } catch (const std::exception& error) {
        return fail(Errc::kUnavailable,
                    std::string("the time zone database cannot be read: ") + error.what());
    }
    for (std::size_t i = 0; i < freezes.size(); ++i) {
        try {
            add_spans(freezes[i], now, spans);
        } catch (const std::exception&) {
            return fail(Errc::kInvalid, "freeze[" + std::to_string(i) + "].zone: '" +
                                            freezes[i].zone +
                                            "' is not in this machine's time zone database");
        }
    }
    // One that a clock skips altogether is none.
    std::erase_if(spans,
                  [now](const Span& span) { return span.until <= now || span.until <= span.from; });
    if (spans.empty()) return std::nullopt;
    std::ranges::sort(spans, {}, &Span::from);
    Span first = std::move(spans.front());
    for (const Span& span : spans) {
        if (span.from <= first.until) first.until = std::max(first.until, span.until);
    }
    if (first.from > now + kHorizon) return std::nullopt;
    return first;
}

}  // namespace firebreak::calendar
