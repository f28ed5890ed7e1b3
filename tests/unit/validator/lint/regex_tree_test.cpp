#include "validator/stages/lint/regex_tree.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator::lint {
namespace {

RegexRisk risk_of(std::string_view text) {
    const std::optional<RegexNode> regex = parse_regex(text);
    EXPECT_TRUE(regex) << text;
    return regex ? backtracking_risk(*regex) : RegexRisk::kNone;
}

std::uint32_t demand_of(std::string_view text) {
    const std::optional<RegexNode> regex = parse_regex(text);
    EXPECT_TRUE(regex) << text;
    return regex ? demanded_bytes(*regex) : 0;
}

/// The expression that took Cloudflare down on 2 July 2019, and its kin.
TEST(BacktrackingRisk, SeesRepetitionsSideBySide) {
    for (const char* text : {R"(.*(?:.*=.*))",
                             R"((?:(?:\"|'|\]|\}|\\|\d|(?:nan|infinity|true|false|null|undefined|)"
                             R"(symbol|math)|\`|\-|\+)+)"
                             R"([)]*;?((?:\s|-|~|!|{}|\|\||\+)*.*(?:.*=.*))))",
                             R"(.*.*=)", R"(\s+\s*x)", R"([a-z]+(?:x?)[a-f]{0,500}!)",
                             R"(a(.*|b)(c|.+)d)", R"(.*?.*?x)", R"((?i)\w*\d*$)"}) {
        EXPECT_EQ(risk_of(text), RegexRisk::kNeighbours) << text;
    }
}

TEST(BacktrackingRisk, SeesARepetitionInsideAnother) {
    for (const char* text : {R"((a+)+b)", R"((.*a){11})", R"((.*,)+P)", R"(([a-z]+|x)*!)",
                             R"((\w+\s?)*$)", R"(x(?:.*\)){1,}y)", R"(.*(?:\{\d\}){1,}x)"}) {
        EXPECT_EQ(risk_of(text), RegexRisk::kNested) << text;
    }
}

TEST(BacktrackingRisk, LeavesOrdinaryExpressionsAlone) {
    for (const char* text :
         {R"(foo.*bar.*baz)", R"(\w+\s+\w+)", R"(([a-z]+\.)+com)", R"(.{0,50}.{0,50}x)",
          R"((ab+c)*)", R"(\d+[a-f]*)", R"((?:[A-Za-z0-9+/]{4})*=)", R"((.*a){3})", R"(^\s*\S+$)",
          R"(a{3,}b{3,})", R"(\p{L}+\p{N}+)", R"()", R"(a|b|)"}) {
        EXPECT_EQ(risk_of(text), RegexRisk::kNone) << text;
    }
}

TEST(DemandedBytes, CountsWhatIsPinnedDown) {
    EXPECT_EQ(demand_of("abc"), 3U);
    EXPECT_EQ(demand_of(".*"), 0U);
    EXPECT_EQ(demand_of(R"(a.[^"]b)"), 2U);
    EXPECT_EQ(demand_of(R"([0-9a-f]{8})"), 8U);
    EXPECT_EQ(demand_of(R"((?i)(?:cmd|powershell)\.exe)"), 7U);
    EXPECT_EQ(demand_of(R"(x?y*z+)"), 1U);
    EXPECT_EQ(demand_of(R"(\x41\n\b\\)"), 3U);
    EXPECT_EQ(demand_of("a{1000000}{1000000}"), 1000U);
}

TEST(ParseRegex, RefusesWhatItCannotRead) {
    for (const char* text :
         {"(", "(a", "a)", "[", "[a", "\\", "(?P<n", "\\xZZ", "a*****", "[[:al"}) {
        EXPECT_FALSE(parse_regex(text)) << text;
    }
    EXPECT_FALSE(parse_regex(std::string(100, '(') + "a" + std::string(100, ')')));
    EXPECT_FALSE(parse_regex(std::string(20'000, 'a')));
    EXPECT_TRUE(parse_regex("a{b}{,}x{2"));
    EXPECT_TRUE(parse_regex("[]a][^]b]"));
}

/// Whatever stands in it, looking at an expression must not take the time that it warns of.
TEST(BacktrackingRisk, IsQuickOnLargeExpressions) {
    std::string many;
    for (int index = 0; index < 2'000; ++index) many += "(?:ab)*|";

    EXPECT_EQ(risk_of("(" + many + "x)(" + many.substr(0, 200) + "y)"), RegexRisk::kNested);
}

}  // namespace
}  // namespace firebreak::validator::lint
