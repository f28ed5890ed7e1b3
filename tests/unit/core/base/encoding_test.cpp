#include "core/base/encoding.hpp"

#include <gtest/gtest.h>
#include <utility>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

TEST(Hex, FollowsRfc4648InLowerCase) {
    EXPECT_EQ(hex_encode({}), "");
    EXPECT_EQ(hex_encode(Bytes{0x00, 0x0F, 0xA5, 0xFF}), "000fa5ff");
}

TEST(Hex, ReadsBothCases) {
    EXPECT_EQ(hex_decode("000fA5Ff"), (Bytes{0x00, 0x0F, 0xA5, 0xFF}));
    EXPECT_EQ(hex_decode(""), Bytes{});
}

TEST(Hex, RefusesEverythingElse) {
    for (const char* text : {"0", "000", "0g", "0x00", " 00", "00 ", "00\n", "0:0", "-1", "é0"}) {
        const Result<Bytes> bytes = hex_decode(text);
        ASSERT_FALSE(bytes) << text;
        EXPECT_EQ(bytes.error(), Errc::kMalformed);
    }
    EXPECT_FALSE(hex_decode(std::string_view("00\0\0", 4)));
}

TEST(Base64, FollowsTheVectorsOfRfc4648) {
    // Section 10.
    for (const auto& [plain, encoded] : {std::pair{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
        EXPECT_EQ(base64_decode(encoded), to_bytes(plain));
    }
    EXPECT_EQ(base64_encode(Bytes{0xFB, 0xFF}), "+/8=");
}

TEST(Base64, RefusesWhateverItWouldNotHaveWritten) {
    for (const char* text :
         {"Zg", "Zg=", "Zg===", "=", "====", "Z", "Zm9vYg=", " Zg==", "Zg== ", "Zg==\n",
          "Z g==", "Zg==Zg==", "Zh==" /* stray bits */, "Zm9=", "+_8=", "-/8=", "Zm\n9v", "*mFy"}) {
        const Result<Bytes> bytes = base64_decode(text);
        ASSERT_FALSE(bytes) << text;
        EXPECT_EQ(bytes.error(), Errc::kMalformed);
    }
    EXPECT_FALSE(base64_decode(std::string_view("Zm9v\0", 5)));
}

TEST(Base64Url, HasNoPaddingAndNoCharacterThatUrlsReserve) {
    EXPECT_EQ(base64url_encode(Bytes{0xFB, 0xFF}), "-_8");
    EXPECT_EQ(base64url_encode({}), "");
}

TEST(Utf8, TakesTheFirstAndLastOfEachLength) {
    for (const char* text :
         {"", "a\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "Zo\xC3\xAB"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndTheRest) {
    for (const char* text : {"\x80",
                             "\xBF",
                             "\xC0\x80",
                             "\xC1\xBF",
                             "\xC2",
                             "\xC2\x41",
                             "\xC2\xC2",
                             "\xE0\x9F\xBF",
                             "\xE0\x80\x80",
                             "\xED\xA0\x80",
                             "\xED\xBF\xBF",
                             "\xE2\x82",
                             "\xE2\x82\x41",
                             "\xF0\x8F\xBF\xBF",
                             "\xF0\x90\x80",
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",
                             "\xFE",
                             "\xFF",
                             "a\xE2"}) {
        EXPECT_FALSE(is_utf8(text)) << hex_encode(bytes_of(text));
    }
}

}  // namespace
}  // namespace firebreak
