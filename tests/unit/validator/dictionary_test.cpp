#include "validator/generate/dictionary.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

bool has(const Dictionary& dictionary, std::string_view word) {
    return std::ranges::find(dictionary.words, to_bytes(word)) != dictionary.words.end();
}

Dictionary of(std::string_view description) {
    Dictionary dictionary;
    dictionary.add_description(*parse_json(description));
    return dictionary;
}

TEST(Dictionary, TakesTheStringsOfYaraRulesAndKeepsThemTogether) {
    const Dictionary dictionary = of(
        R"({"content_type":"yara-source","rules":[{"name":"r","file":"a.yar","line":3,"strings":[)"
        R"({"id":"$a","kind":"text","source":"abc","bytes":"616263"},)"
        R"({"id":"$b","kind":"hex","source":"{ 64 65 ?? [2-4] 66 67 }"},)"
        R"({"id":"$c","kind":"regex","source":"hij+\\.exe"}]},{"name":"empty","strings":[]}]})");

    for (const char* word : {"abc", "de", "fg", "hij", ".exe"}) EXPECT_TRUE(has(dictionary, word));
    EXPECT_FALSE(has(dictionary, "a.yar"));
    EXPECT_FALSE(has(dictionary, "r"));
    ASSERT_EQ(dictionary.groups.size(), 1U);
    EXPECT_EQ(dictionary.groups[0].size(), 5U);
}

TEST(Dictionary, TakesWhatRulesForEventsAskOfFields) {
    const Dictionary dictionary =
        of(R"({"programs":[{"contract":"c/v1","predicates":[)"
           R"({"field":"Image","op":"ends_with","text":"\\a.exe","bytes":"5c612e657865"},)"
           R"({"field":"Size","op":"greater","integer":70000}]}]})");

    ASSERT_EQ(dictionary.wishes.size(), 1U);
    ASSERT_EQ(dictionary.wishes[0].size(), 2U);
    EXPECT_EQ(dictionary.wishes[0][0].field, "Image");
    EXPECT_EQ(to_text(dictionary.wishes[0][0].bytes), "\\a.exe");
    EXPECT_EQ(dictionary.wishes[0][1].integer, 70000);
    EXPECT_EQ(dictionary.integers, std::vector<std::int64_t>{70000});
    EXPECT_TRUE(has(dictionary, "\\a.exe"));
}

TEST(Dictionary, ReadsTextAndBinaryFiles) {
    Dictionary dictionary;
    dictionary.add_file(
        bytes_of("rule r { strings: $a = \"needle\" condition: uint16(0) == 0x5A4D "
                 "and filesize < 2MB and @a1 > 7 }"));
    dictionary.add_file(bytes_of(std::string_view("\0\1museum\2ab\0", 11)));

    EXPECT_TRUE(has(dictionary, "needle"));
    EXPECT_TRUE(has(dictionary, "museum"));
    EXPECT_FALSE(has(dictionary, "ab"));
    EXPECT_EQ(dictionary.integers, (std::vector<std::int64_t>{0, 0x5A4D, 2 << 20, 7}));
}

TEST(Dictionary, BearsAnyDescriptionAndAnyFile) {
    for (const char* description :
         {"null", "7", "[]", "[[[]]]", R"({"rules":{}})", R"({"rules":[1,"x",null,[{}]]})",
          R"({"programs":[{"predicates":[1,{},{"field":""},{"field":7,"op":[]}]}]})",
          R"({"strings":[{"kind":"hex","source":"["},{"kind":"hex","source":"{4"}]})",
          R"({"strings":[{"kind":"regex","source":"\\"},{"bytes":"zz"}]})"}) {
        of(description);
    }
    Dictionary dictionary;
    for (const char* text :
         {"", "\"", "0x", "99999999999999999999999", "\"\n\"", "0xffffffffffffffffff"}) {
        dictionary.add_file(bytes_of(text));
    }
    EXPECT_TRUE(dictionary.wishes.empty());
}

TEST(Dictionary, HasALimit) {
    Dictionary dictionary;
    std::string text;
    for (int word = 0; word < 60'000; ++word) text += "\"word\" 1 ";
    dictionary.add_file(bytes_of(text));

    EXPECT_EQ(dictionary.words.size(), 50'000U);
    EXPECT_EQ(dictionary.integers.size(), 50'000U);
}

}  // namespace
}  // namespace firebreak::validator
