#include "core/calendar/calendar.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"

namespace firebreak::calendar {
namespace {

using rollout::Freeze;

Freeze freeze(const char* zone, const char* from, const char* until, const char* name = "quiet") {
    return {name, zone, rollout::parse_local_moment(from).value(),
            rollout::parse_local_moment(until).value()};
}

Instant at(const std::string& utc) {
    return Instant{parse_utc(utc).value().time_since_epoch()};
}

std::string text(const Result<std::optional<Span>>& span) {
    if (!span) return span.error().to_string();
    if (!*span) return "none";
    const auto utc = [](Instant time) {
        return format_utc(std::chrono::floor<std::chrono::seconds>(time)).substr(0, 16);
    };
    return utc((*span)->from) + " to " + utc((*span)->until);
}

TEST(Calendar, FindsTheWeekendThatIsAndTheNext) {
    const std::vector<Freeze> weekends{freeze("UTC", "fri 16:00", "mon 08:00")};
    // 2026-11-20 is a Friday.
    EXPECT_EQ(text(next_freeze(weekends, at("2026-11-20T15:59:59Z"))),
              "2026-11-20T16:00 to 2026-11-23T08:00");
    EXPECT_EQ(text(next_freeze(weekends, at("2026-11-22T12:00:00Z"))),
              "2026-11-20T16:00 to 2026-11-23T08:00");
    EXPECT_EQ(text(next_freeze(weekends, at("2026-11-23T07:59:59Z"))),
              "2026-11-20T16:00 to 2026-11-23T08:00");
    EXPECT_EQ(text(next_freeze(weekends, at("2026-11-23T08:00:00Z"))),
              "2026-11-27T16:00 to 2026-11-30T08:00");
}

TEST(Calendar, AWeekdayAtNightIsOneNight) {
    const std::vector<Freeze> night{freeze("UTC", "tue 22:00", "wed 06:00")};
    EXPECT_EQ(text(next_freeze(night, at("2026-11-24T23:00:00Z"))),
              "2026-11-24T22:00 to 2026-11-25T06:00");
    const std::vector<Freeze> sunday_night{freeze("UTC", "sun 22:00", "mon 06:00")};
    EXPECT_EQ(text(next_freeze(sunday_night, at("2026-11-23T05:00:00Z"))),
              "2026-11-22T22:00 to 2026-11-23T06:00");
}

TEST(Calendar, GoesByTheClockOfItsZone) {
    // Winter: UTC+1.
    const std::vector<Freeze> berlin{
        freeze("Europe/Berlin", "2026-12-20 00:00", "2027-01-03 00:00")};
    EXPECT_EQ(text(next_freeze(berlin, at("2026-12-15T00:00:00Z"))),
              "2026-12-19T23:00 to 2027-01-02T23:00");
    // Summer: UTC+2. Auckland is half a day ahead.
    const std::vector<Freeze> summer{
        freeze("Europe/Berlin", "2026-07-01 09:00", "2026-07-01 10:00")};
    EXPECT_EQ(text(next_freeze(summer, at("2026-07-01T00:00:00Z"))),
              "2026-07-01T07:00 to 2026-07-01T08:00");
    const std::vector<Freeze> auckland{freeze("Pacific/Auckland", "mon 00:00", "mon 12:00")};
    EXPECT_EQ(text(next_freeze(auckland, at("2026-07-05T13:00:00Z"))),
              "2026-07-05T12:00 to 2026-07-06T00:00");
}

TEST(Calendar, TakesTheLongerWayWhenClocksChange) {
    // 2026-10-25 in Berlin: 02:30 is there twice. 2026-03-29: 02:30 is not there.
    const std::vector<Freeze> twice{
        freeze("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 02:45")};
    EXPECT_EQ(text(next_freeze(twice, at("2026-10-24T00:00:00Z"))),
              "2026-10-25T00:30 to 2026-10-25T01:45");
    const std::vector<Freeze> skipped{
        freeze("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 04:00")};
    EXPECT_EQ(text(next_freeze(skipped, at("2026-03-28T00:00:00Z"))),
              "2026-03-29T01:00 to 2026-03-29T02:00");
}

TEST(Calendar, JoinsWhatOverlapsOrTouches) {
    const std::vector<Freeze> freezes{
        freeze("UTC", "sat 00:00", "mon 00:00", "weekends"),
        freeze("UTC", "2026-11-23 00:00", "2026-11-24 06:00", "audit"),
        freeze("UTC", "2026-11-24 05:00", "2026-11-24 09:00", "sale"),
        freeze("UTC", "2026-11-24 10:00", "2026-11-24 11:00", "later")};
    const auto span = next_freeze(freezes, at("2026-11-22T00:00:00Z"));
    EXPECT_EQ(text(span), "2026-11-21T00:00 to 2026-11-24T09:00");
    EXPECT_EQ((*span)->name, "weekends");
}

TEST(Calendar, KnowsNothingOfWhatIsFarOrOver) {
    const std::vector<Freeze> freezes{freeze("UTC", "2026-12-20 00:00", "2026-12-21 00:00")};
    EXPECT_EQ(text(next_freeze({}, at("2026-11-22T00:00:00Z"))), "none");
    EXPECT_EQ(text(next_freeze(freezes, at("2026-11-22T00:00:00Z"))), "none");
    EXPECT_EQ(text(next_freeze(freezes, at("2026-12-21T00:00:00Z"))), "none");
    EXPECT_NE(text(next_freeze(freezes, at("2026-12-10T00:00:00Z"))), "none");
}

TEST(Calendar, JoinsWhatTouchesBeyondItsHorizon) {
    const std::vector<Freeze> freezes{freeze("UTC", "2026-11-22 00:00", "2026-12-04 00:00"),
                                      freeze("UTC", "2026-12-04 00:00", "2026-12-24 00:00")};
    EXPECT_EQ(text(next_freeze(freezes, at("2026-11-22T12:00:00Z"))),
              "2026-11-22T00:00 to 2026-12-24T00:00");
}

TEST(Calendar, WhatAClockSkipsAltogetherIsNoFreeze) {
    const std::vector<Freeze> freezes{
        freeze("Europe/Berlin", "2026-03-29 02:10", "2026-03-29 02:50")};
    EXPECT_EQ(text(next_freeze(freezes, at("2026-03-28T00:00:00Z"))), "none");
}

TEST(Calendar, CanAlwaysBeWritten) {
    for (const char* zone : {"Pacific/Kiritimati", "America/New_York"}) {
        const std::vector<Freeze> freezes{freeze(zone, "1971-01-01 00:00", "9998-12-31 23:59")};
        const auto span = next_freeze(freezes, at("2026-11-22T00:00:00Z"));
        ASSERT_TRUE(span && *span);
        EXPECT_TRUE(parse_utc_millis(format_utc_millis((*span)->from)));
        EXPECT_TRUE(parse_utc_millis(format_utc_millis((*span)->until)));
    }
}

TEST(Calendar, RefusesAZoneThatIsNone) {
    for (const char* zone :
         {"Europe/Atlantis", "../../etc/passwd", "/etc/passwd", "europe/berlin"}) {
        const std::vector<Freeze> freezes{freeze("UTC", "mon 00:00", "tue 00:00"),
                                          freeze(zone, "mon 00:00", "tue 00:00")};
        const auto span = next_freeze(freezes, at("2026-11-22T00:00:00Z"));
        ASSERT_FALSE(span) << zone;
        EXPECT_EQ(span.error(), Errc::kInvalid);
        EXPECT_TRUE(span.error().context().starts_with("freeze[1].zone: ")) << zone;
    }
}

}  // namespace
}  // namespace firebreak::calendar
