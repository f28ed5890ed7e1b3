#include "core/base/utc.hpp"

#include <array>
#include <cstdio>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

using std::chrono::floor;
using std::chrono::sys_days;

/// `count` decimal digits of `text` at `at`, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::string format_utc(std::chrono::sys_seconds time) {
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::array<char, 40> text{};
    const int length = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string format_utc_millis(Instant time) {
    const auto seconds = floor<std::chrono::seconds>(time);
    std::array<char, 8> millis{};
    (void)std::snprintf(millis.data(), millis.size(), ".%03dZ",
                        static_cast<int>((time - seconds).count()));
    std::string text = format_utc(seconds);
    text.pop_back();
    return text + millis.data();
}

Result<std::chrono::sys_seconds> parse_utc(std::string_view text) {
    const auto malformed = [] {
        return fail(Errc::kMalformed, "a time is written YYYY-MM-DDTHH:MM:SSZ");
    };
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != 'Z') {
        return malformed();
    }
    const int year = digits(text, 0, 4);
    const int month = digits(text, 5, 2);
    const int day = digits(text, 8, 2);
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59) {
        return malformed();
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return malformed();
    return sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

Result<Instant> parse_utc_millis(std::string_view text) {
    const int millis =
        text.size() == 24 && text[19] == '.' && text[23] == 'Z' ? digits(text, 20, 3) : -1;
    if (millis < 0) return fail(Errc::kMalformed, "a time is written YYYY-MM-DDTHH:MM:SS.mmmZ");
    const auto seconds = parse_utc(std::string(text.substr(0, 19)) + "Z");
    if (!seconds) return fail(seconds.error());
    return Instant{*seconds} + std::chrono::milliseconds{millis};
}

}  // namespace firebreak
