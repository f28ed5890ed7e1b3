#include "core/content/yaml_scalar.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::content {
namespace {

json::value read(std::string_view text) {
    const Result<json::value> value = plain_scalar(text);
    EXPECT_TRUE(value) << text;
    return value ? *value : json::value("refused");
}

TEST(PlainScalar, ReadsTheCoreSchema) {
    for (const char* text : {"", "~", "null", "Null", "NULL"}) EXPECT_TRUE(read(text).is_null());
    EXPECT_EQ(read("true"), json::value(true));
    EXPECT_EQ(read("false"), json::value(false));
    EXPECT_EQ(read("0"), json::value(0));
    EXPECT_EQ(read("-12"), json::value(-12));
    EXPECT_EQ(read("+12"), json::value(12));
    EXPECT_EQ(read("0o17"), json::value(15));
    EXPECT_EQ(read("0x1F"), json::value(31));
    EXPECT_EQ(read("9223372036854775807"), json::value(INT64_MAX));
    EXPECT_EQ(read("-9223372036854775808"), json::value(INT64_MIN));
    EXPECT_EQ(read("1.5"), json::value(1.5));
    EXPECT_EQ(read(".5"), json::value(0.5));
    EXPECT_EQ(read("5."), json::value(5.0));
    EXPECT_EQ(read("0.0001"), json::value(0.0001));
    EXPECT_EQ(read("-1e-3"), json::value(-0.001));
    EXPECT_EQ(read("1E+2"), json::value(100.0));
}

TEST(PlainScalar, LeavesWhatYaml11WouldHaveTakenForSomethingElseAsText) {
    for (const char* text :
         {"yes",  "no",    "on",         "off",  "y",   "n",     "True", "FALSE",
          "1:30", "1_000", "2024-07-19", "0b11", "60s", "4.2.3", "-",    "+",
          ".",    "1e",    "e1",         "0x",   "0o8", "0xG",   "1.2.", "--1"}) {
        EXPECT_EQ(read(text), json::value(text)) << text;
    }
}

TEST(PlainScalar, RefusesWhatTwoReadersReadInTwoWays) {
    for (const char* text : {"010", "00", "-07", "+01", "01.5", ".inf", "-.INF", ".nan", ".NaN"}) {
        const Result<json::value> value = plain_scalar(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error(), Errc::kMalformed);
    }
}

TEST(PlainScalar, RefusesNumbersThatDoNotFit) {
    for (const char* text : {"9223372036854775808", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFF",
                             "1e400", "-1e400", "0o7777777777777777777777"}) {
        EXPECT_FALSE(plain_scalar(text)) << text;
    }
}

}  // namespace
}  // namespace firebreak::content
