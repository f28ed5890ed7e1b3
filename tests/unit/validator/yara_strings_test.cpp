#include "validator/generate/yara_strings.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::validator {
namespace {

using firebreak::test::refused;

Result<Bytes> sampled(YaraStringKind kind, const std::string& source,
                      const std::string& modifiers = "", std::size_t bytes_max = 1000) {
    SeededRandom random(3);
    return sample_string({"$a", kind, source, modifiers}, random, Repeats::kFewest, bytes_max);
}

std::string text(const Result<Bytes>& bytes) {
    return bytes ? std::string(text_of(*bytes)) : "refused";
}

TEST(YaraStrings, AppliesTheModifiersOfATexts) {
    constexpr auto kText = YaraStringKind::kText;
    EXPECT_EQ(text(sampled(kText, "\"a\\x00\\\"\\\\b\"")), std::string("a\0\"\\b", 5));
    EXPECT_EQ(text(sampled(kText, "\"ab\"", "wide")), std::string("a\0b\0", 4));
    EXPECT_EQ(text(sampled(kText, "\"ab\"", "nocase xor(0x01-0x05)")), "`c");
    EXPECT_EQ(text(sampled(kText, "\"hello\"", "base64")), "aGVsbG8");
    EXPECT_EQ(text(sampled(kText, "\"hi\"", "base64wide")), std::string("a\0G\0k\0", 6));
}

TEST(YaraStrings, TakesWhatAHexStringAllows) {
    constexpr auto kHex = YaraStringKind::kHex;
    EXPECT_EQ(text(sampled(kHex, "{ 41 42 }")), "AB");
    EXPECT_EQ(text(sampled(kHex, "{41/*x*/42 // y\n43}")), "ABC");
    EXPECT_EQ(text(sampled(kHex, "{ ~BE }")), "A");
    EXPECT_EQ(sampled(kHex, "{ 41 [3] 4? ?? }")->size(), 6U);
    EXPECT_EQ(sampled(kHex, "{ 41 [2-] 42 [-] 43 }")->size(), 5U);
    const std::string either = text(sampled(kHex, "{ 41 ( 42 | 43 ( 44 | 45 ) ) 46 }"));
    EXPECT_TRUE(either == "ABF" || either == "ACDF" || either == "ACEF") << either;
}

TEST(YaraStrings, RefusesWhatIsNoString) {
    for (const char* source : {"", "{", "{ 4", "{ 4 }", "{ 41", "{ ( 41 }", "{ [3-1] }", "{ [ }",
                               "{ [] }", "{ xy }", "}", "{ 41 ) }", "{ | }"}) {
        EXPECT_TRUE(refused(sampled(YaraStringKind::kHex, source), Errc::kMalformed)) << source;
    }
    for (const char* source : {"", "/", "abc", "/(/", "/a(?=b)/"}) {
        EXPECT_TRUE(refused(sampled(YaraStringKind::kRegex, source), Errc::kMalformed)) << source;
    }
}

TEST(YaraStrings, KeepsWithinTheRoomThereIs) {
    EXPECT_TRUE(refused(sampled(YaraStringKind::kHex, "{ 41 [1000000000] 42 }"), Errc::kTooLarge));
    EXPECT_TRUE(refused(sampled(YaraStringKind::kRegex, "/a{5000}/"), Errc::kTooLarge));
    EXPECT_TRUE(refused(sampled(YaraStringKind::kText, "\"abcd\"", "", 3), Errc::kTooLarge));
    EXPECT_TRUE(refused(sampled(YaraStringKind::kHex, "{ " + std::string(100, '(') + " }"),
                        Errc::kMalformed));
}

TEST(YaraRules, ReadsHintsOffAConditionWithoutUnderstandingIt) {
    const ConditionHints hints = hints_of(
        "uint16 ( 0 ) = = 0x5A4D and # a > 3 and # b > = 2 and $c at 0x40 and $d in ( 8 . . 9 ) "
        "and "
        "not $e and filesize > 10KB and filesize < 2MB and $f at pe . entry_point and "
        "pe . signatures [ i ] . serial = = \"05:e2\" and pe . signatures [ i ] . subject contains "
        "\"a \\\" b\"");

    ASSERT_EQ(hints.fixed.size(), 1U);
    EXPECT_EQ(hints.fixed[0].bytes, to_bytes("MZ"));
    EXPECT_TRUE(hints.pe);
    EXPECT_FALSE(hints.elf);
    EXPECT_EQ(hints.counts, (std::map<std::string, std::uint64_t>{{"$a", 4}, {"$b", 2}}));
    EXPECT_EQ(hints.offsets, (std::map<std::string, std::uint64_t>{{"$c", 64}, {"$d", 8}}));
    EXPECT_EQ(hints.left_out, std::vector<std::string>{"$e"});
    EXPECT_EQ(hints.at_entry_point, std::vector<std::string>{"$f"});
    EXPECT_EQ(hints.size_min, 10241U);
    EXPECT_EQ(hints.size_max, 2U << 20U);
    EXPECT_EQ(hints.signature.serial, "05:e2");
    EXPECT_EQ(hints.signature.subject, "a \" b");
}

TEST(YaraRules, RefusesADescriptionThatIsNone) {
    for (const char* text :
         {"[]", "{}", "{\"rules\": 1}", "{\"rules\": [1]}", "{\"rules\": [{\"file\": \"a\"}]}",
          "{\"rules\": [{\"name\": \"a\", \"strings\": [{\"id\": \"$a\"}]}]}",
          "{\"rules\": [{\"name\": \"a\", \"strings\": [{\"id\": \"$a\", \"kind\": \"x\", "
          "\"source\": \"\", \"modifiers\": \"\"}]}]}"}) {
        EXPECT_TRUE(refused(yara_rules(*parse_json(text)), Errc::kMalformed)) << text;
    }
    // A name is all there must be.
    EXPECT_EQ(yara_rules(*parse_json("{\"rules\": [{\"name\": \"a\"}]}"))->size(), 1U);
}

}  // namespace
}  // namespace firebreak::validator
