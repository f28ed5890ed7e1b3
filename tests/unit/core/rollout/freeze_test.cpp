#include "core/rollout/freeze.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::rollout {
namespace {

TEST(LocalMoment, ReadsWeekdaysAndDatesAndWritesThemBack) {
    for (const char* text : {"mon 00:00", "fri 16:00", "sun 23:59", "1971-01-01 00:00",
                             "2026-12-20 08:30", "2028-02-29 12:00", "9998-12-31 23:59"}) {
        const auto moment = parse_local_moment(text);
        ASSERT_TRUE(moment) << text;
        EXPECT_EQ(format_local_moment(*moment), text);
    }
    EXPECT_EQ(parse_local_moment("tue 01:02"), (LocalMoment{true, 24 * 60 + 62}));
    EXPECT_EQ(parse_local_moment("1971-01-02 00:01"), (LocalMoment{false, 366 * 24 * 60 + 1}));
}

TEST(LocalMoment, RefusesWhatNoClockShows) {
    for (const char* text :
         {"", "fri", "fri16:00", "fri  16:00", "Fri 16:00", "fri 24:00", "fri 16:60", "fri 6:00",
          "fri 16:00:00", "2026-02-29 00:00", "2026-13-01 00:00", "26-12-20 00:00",
          "2026-12-20T00:00", "1970-12-31 23:59", "9999-01-01 00:00", " fri 16:00", "fri 16:00 "}) {
        const auto moment = parse_local_moment(text);
        ASSERT_FALSE(moment) << text;
        EXPECT_EQ(moment.error(), Errc::kMalformed);
    }
}

}  // namespace
}  // namespace firebreak::rollout
