#include "core/net/http.hpp"

#include <gtest/gtest.h>

namespace firebreak::net {
namespace {

using namespace std::literals;

TEST(Headers, AreFoundWithoutRegardToCase) {
    const Headers headers{{"Content-Type", "text/plain"}};

    EXPECT_EQ(headers.find("content-TYPE"sv)->second, "text/plain");
    EXPECT_EQ(headers.find("content-typ"sv), headers.end());
}

TEST(Headers, CompareAsciiLettersAloneWithoutCase) {
    EXPECT_TRUE(equal_without_case("Keep-Alive", "keep-aLIVE"));
    EXPECT_FALSE(equal_without_case("[", "{"));  // 0x20 apart, like 'A' and 'a'.
    EXPECT_FALSE(equal_without_case("ab", "abc"));
}

TEST(HeaderValue, RefusesWhatWouldStartAnotherHeader) {
    EXPECT_TRUE(is_field_value("a b\tc \xC3\xA9"));
    EXPECT_TRUE(is_field_value(""));
    EXPECT_FALSE(is_field_value("a\r\nX-Admin: yes"));
    EXPECT_FALSE(is_field_value("a\nb"));
    EXPECT_FALSE(is_field_value("a\0b"sv));
    EXPECT_FALSE(is_field_value("a\x7F"));
}

TEST(HeaderName, IsATokenAndNothingElse) {
    EXPECT_TRUE(is_token("X-Request-Id"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("a b"));
    EXPECT_FALSE(is_token("a:"));
    EXPECT_FALSE(is_token("a\r\n"));
}

}  // namespace
}  // namespace firebreak::net
