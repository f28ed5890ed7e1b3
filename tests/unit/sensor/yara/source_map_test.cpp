#include "sensor/yara/source_map.hpp"

#include <gtest/gtest.h>

namespace firebreak::yara {
namespace {

std::vector<std::string> rule_names(std::string_view text) {
    std::vector<std::string> names;
    for (const SourceRule& rule : read_source(text).rules) names.push_back(rule.name);
    return names;
}

using Names = std::vector<std::string>;

TEST(SourceMap, FindsRulesWithTheirLines) {
    const SourceMap map = read_source(
        "rule first { condition: true }\n"
        "\n"
        "private global rule second : tag {\n"
        "  condition: false\n"
        "}\n");

    ASSERT_EQ(map.rules.size(), 2U);
    EXPECT_EQ(map.rules[0].name, "first");
    EXPECT_EQ(map.rules[0].line, 1U);
    EXPECT_EQ(map.rules[1].name, "second");
    EXPECT_EQ(map.rules[1].line, 3U);
}

TEST(SourceMap, IsNotFooledByRulesInCommentsStringsAndRegexes) {
    EXPECT_EQ(
        rule_names("// rule a\n/* rule b\n rule c */ rule d {"
                   " strings: $x = \"rule e\" $y = /rule f/ condition: $x matches /rule g/ }"),
        Names{"d"});
}

TEST(SourceMap, IsNotFooledByDelimitersInsideOthers) {
    EXPECT_EQ(rule_names(R"(rule a { strings: $x = "\"/*" $y = /\/"/ condition: all of them }
                            rule b { condition: 4 \ 2 == 2 } // " )"),
              (Names{"a", "b"}));
    EXPECT_EQ(rule_names("rule a { strings: $h = { 4D // } rule x\n 5A } condition: $h }"
                         "rule b { strings: $h = { 4D /* } */ 5A } condition: $h }"),
              (Names{"a", "b"}));
}

TEST(SourceMap, ListsImportsAndNothingThatLooksLikeOne) {
    const SourceMap map = read_source("import \"pe\"\n// import \"elf\"\nimport \"math\"");

    ASSERT_EQ(map.imports.size(), 2U);
    EXPECT_EQ(map.imports[0].module, "pe");
    EXPECT_EQ(map.imports[1].module, "math");
    EXPECT_EQ(map.imports[1].line, 3U);
}

TEST(SourceMap, KeepsStringsAsTheyAreWritten) {
    const SourceMap map = read_source(
        "rule a {\n"
        "  strings:\n"
        "    $t = \"a\\\"b\" wide ascii xor(0x01-0xff)\n"
        "    $h = { 4D 5A\n 90 }\n"
        "    $r = /a[\\/]+/is nocase\n"
        "    $ = \"anonymous\"\n"
        "  condition:\n"
        "    $t at 0 or #h > 2\n"
        "}\n");

    ASSERT_EQ(map.rules.size(), 1U);
    const std::vector<SourceString>& strings = map.rules[0].strings;
    ASSERT_EQ(strings.size(), 4U);
    EXPECT_EQ(strings[0].identifier, "$t");
    EXPECT_EQ(strings[0].kind, StringKind::kText);
    EXPECT_EQ(strings[0].value, "\"a\\\"b\"");
    EXPECT_EQ(strings[0].modifiers, "wide ascii xor(0x01-0xff)");
    EXPECT_EQ(strings[0].line, 3U);
    EXPECT_EQ(strings[1].kind, StringKind::kHex);
    EXPECT_EQ(strings[1].value, "{ 4D 5A\n 90 }");
    EXPECT_EQ(strings[2].kind, StringKind::kRegex);
    EXPECT_EQ(strings[2].value, "/a[\\/]+/is");
    EXPECT_EQ(strings[2].modifiers, "nocase");
    EXPECT_EQ(strings[2].line, 6U);
    EXPECT_EQ(strings[3].identifier, "$");
}

TEST(SourceMap, KeepsMetasAndConditions) {
    const SourceMap map = read_source(
        "private global rule a {\n"
        "  meta:\n    severity = \"low\"\n    count = -3\n    known = true\n"
        "  strings:\n    $a = \"x\" private\n"
        "  condition: // all of it\n    any of ($a*) and /* or */ uint16(0) == 0x5A4D\n}\n"
        "rule b { condition: $broken rule c { condition: true }");

    ASSERT_EQ(map.rules.size(), 3U);
    const SourceRule& rule = map.rules[0];
    EXPECT_TRUE(rule.is_global && rule.is_private);
    ASSERT_EQ(rule.metas.size(), 3U);
    EXPECT_EQ(rule.metas[0].value, "\"low\"");
    EXPECT_EQ(rule.metas[1].value, "-3");
    EXPECT_EQ(rule.metas[2].line, 5U);
    const std::vector<std::string> condition{"any",    "of", "(", "$a", "*", ")", "and",
                                             "uint16", "(",  "0", ")",  "=", "=", "0x5A4D"};
    EXPECT_EQ(rule.condition_tokens, condition);
    EXPECT_FALSE(map.rules[1].is_global || map.rules[1].is_private);
    EXPECT_EQ(map.rules[1].condition_tokens, std::vector<std::string>{"$broken"});
}

TEST(SourceMap, ReadsAnythingToItsEnd) {
    for (const char* text : {"", "rule", "rule a", "rule a { strings: $", "rule a { strings: $a =",
                             "import", "import \"", "\"", "\"\\", "/", "/*", "/\\", "rule a {= {",
                             "rule a { strings: $a = \"b\" xor(", "strings: $a = \"b\""}) {
        EXPECT_LE(read_source(text).rules.size(), 1U) << text;
    }
}

TEST(SourceMap, SaysWhenSomethingHasNoEnd) {
    EXPECT_TRUE(read_source("rule a { condition: true }").whole);
    EXPECT_FALSE(read_source("/* rule a { condition: true }").whole);
    EXPECT_FALSE(read_source("import \"pe").whole);
    EXPECT_FALSE(read_source("rule a { strings: $a = { 4D").whole);
}

TEST(SourceMap, KeepsTheConditionAsTokens) {
    const SourceMap map = read_source(
        "rule a { strings: $a = { 01 } condition: uint16(0)==0x5A4D /* x */ and\n$a at 4 }\n"
        "rule b { condition: c matches /a }/ }");

    ASSERT_EQ(map.rules.size(), 2U);
    EXPECT_EQ(map.rules[0].condition, "uint16 ( 0 ) = = 0x5A4D and $a at 4");
    EXPECT_EQ(map.rules[1].condition, "c matches /a }/");
}

}  // namespace
}  // namespace firebreak::yara
