#include "core/base/utc.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(Utc, WritesTheOneFormOfTuf) {
    EXPECT_EQ(format_utc(sys_seconds{seconds{0}}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_utc(sys_seconds{seconds{1'721'362'140}}), "2024-07-19T04:09:00Z");
    EXPECT_EQ(format_utc(sys_seconds{seconds{253'402'300'799}}), "9999-12-31T23:59:59Z");
}

TEST(Utc, WritesMillisecondsWithLeadingZeros) {
    EXPECT_EQ(format_utc_millis(Instant{milliseconds{1'721'362'140'007}}),
              "2024-07-19T04:09:00.007Z");
    EXPECT_EQ(format_utc_millis(Instant{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(Utc, ReadsBackWhatItWrote) {
    for (const std::int64_t second : {std::int64_t{0}, std::int64_t{951'827'696},
                                      std::int64_t{4'107'542'399}, std::int64_t{253'402'300'799}}) {
        const sys_seconds time{seconds{second}};
        EXPECT_EQ(parse_utc(format_utc(time)), time);
    }
}

TEST(Utc, KnowsTheCalendar) {
    EXPECT_TRUE(parse_utc("2024-02-29T00:00:00Z"));
    EXPECT_TRUE(parse_utc("2000-02-29T00:00:00Z"));
    for (const char* text :
         {"2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
          "2024-04-31T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
          "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z",
          "2024-01-01T00:60:00Z", "2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z"}) {
        const Result<sys_seconds> time = parse_utc(text);
        ASSERT_FALSE(time) << text;
        EXPECT_EQ(time.error(), Errc::kMalformed);
    }
}

TEST(Utc, RefusesEveryOtherForm) {
    for (const char* text :
         {"", "2024-07-19", "2024-07-19T04:09:00", "2024-07-19T04:09:00z", "2024-07-19 04:09:00Z",
          "2024-07-19T04:09:00.0Z", "2024-07-19T04:09:00+00:00", " 2024-07-19T04:09:00Z",
          "2024-07-19T04:09:00Z ", "+024-07-19T04:09:00Z", "2024-7-19T04:09:00ZZ",
          "2024-07-19T04:09: 0Z", "2024-07-19T04:09:-1Z", "2024/07/19T04:09:00Z",
          "10000-07-19T04:09:00Z", "２０24-07-19T04:09Z"}) {
        EXPECT_FALSE(parse_utc(text)) << text;
    }
    EXPECT_FALSE(parse_utc(std::string_view("2024-07-19T04:09:0\0Z", 20)));
}

}  // namespace
}  // namespace firebreak
