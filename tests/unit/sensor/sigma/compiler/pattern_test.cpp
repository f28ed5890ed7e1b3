#include "sensor/sigma/compiler/pattern.hpp"

#include <gtest/gtest.h>

namespace firebreak::sigma {
namespace {

Pattern::Part text(std::string value) {
    return {Pattern::Kind::kText, std::move(value)};
}
const Pattern::Part kStar{Pattern::Kind::kAnyText, {}};
const Pattern::Part kOne{Pattern::Kind::kAnyCharacter, {}};

using Parts = std::vector<Pattern::Part>;

Parts parsed(std::string_view value) {
    return Pattern::parse(value).parts();
}

std::vector<std::string> windash(std::string_view value) {
    std::vector<std::string> forms;
    const auto variants = windash_variants(Pattern::parse(value), 3125);
    if (!variants) return {"too many"};
    for (const Pattern& variant : *variants) forms.push_back(variant.text());
    return forms;
}

TEST(Pattern, ReadsWildcards) {
    EXPECT_EQ(parsed("a*b?c"), (Parts{text("a"), kStar, text("b"), kOne, text("c")}));
}

TEST(Pattern, MakesManyAsterisksOne) {
    EXPECT_EQ(parsed("**a***"), (Parts{kStar, text("a"), kStar}));
    EXPECT_EQ(parsed("??"), (Parts{kOne, kOne}));
}

// The table of the specification's section on escaping, row by row.
TEST(Pattern, KeepsAPlainBackslashWrittenOnce) {
    EXPECT_EQ(parsed(R"(C:\Windows\x)"), (Parts{text(R"(C:\Windows\x)")}));
}
TEST(Pattern, KeepsAPlainBackslashWrittenTwice) {
    EXPECT_EQ(parsed(R"(C:\\Windows)"), (Parts{text(R"(C:\Windows)")}));
}
TEST(Pattern, TakesAnEscapedWildcardAsItself) {
    EXPECT_EQ(parsed(R"(a\*b\?c)"), (Parts{text("a*b?c")}));
}
TEST(Pattern, TakesTwoBackslashesBeforeAWildcardAsBackslashAndWildcard) {
    EXPECT_EQ(parsed(R"(C:\\*)"), (Parts{text(R"(C:\)"), kStar}));
}
TEST(Pattern, TakesThreeBackslashesBeforeAWildcardAsBackslashAndCharacter) {
    EXPECT_EQ(parsed(R"(C:\\\*)"), (Parts{text(R"(C:\*)")}));
}
TEST(Pattern, TakesThreeOrFourBackslashesAsTwo) {
    EXPECT_EQ(parsed(R"(\\\host)"), (Parts{text(R"(\\host)")}));
    EXPECT_EQ(parsed(R"(\\\\host)"), (Parts{text(R"(\\host)")}));
}
TEST(Pattern, KeepsABackslashAtTheEnd) {
    EXPECT_EQ(parsed(R"(\Temp\)"), (Parts{text(R"(\Temp\)")}));
}

TEST(Pattern, AsksTheSimplestQuestion) {
    const auto op = [](std::string_view value) {
        Predicate predicate;
        Pattern::parse(value).ask(predicate);
        return predicate.op;
    };

    EXPECT_EQ(op(""), Op::kEquals);
    EXPECT_EQ(op("a"), Op::kEquals);
    EXPECT_EQ(op("*"), Op::kPresent);
    EXPECT_EQ(op("a*"), Op::kStartsWith);
    EXPECT_EQ(op("*a"), Op::kEndsWith);
    EXPECT_EQ(op("*a*"), Op::kContains);
    EXPECT_EQ(op("a*b"), Op::kGlob);
    EXPECT_EQ(op("?"), Op::kGlob);
    EXPECT_EQ(op("*?"), Op::kGlob);
}

TEST(Pattern, CutsAGlobAtItsAsterisks) {
    Predicate predicate;

    Pattern::parse("a?*b*").ask(predicate);

    EXPECT_EQ(predicate.pieces,
              (std::vector<GlobPiece>{{std::string("a\0", 2), {1}}, {"b", {}}, {"", {}}}));
}

TEST(Windash, ReplacesADashInFrontOfAParameter) {
    EXPECT_EQ(windash(" -enc "), (std::vector<std::string>{" -enc ", " /enc ", " \u2013enc ",
                                                           " \u2014enc ", " \u2015enc "}));
}
TEST(Windash, StartsFromAnyOfTheDashes) {
    EXPECT_EQ(windash("/x"), windash("-x"));
    EXPECT_EQ(windash("\u2014x"), windash("-x"));
}
TEST(Windash, LeavesOtherDashesAlone) {
    EXPECT_EQ(windash("up-to-date"), std::vector<std::string>{"up-to-date"});
    EXPECT_EQ(windash("a -"), std::vector<std::string>{"a -"});
    EXPECT_EQ(windash("a- b"), std::vector<std::string>{"a- b"});
}
TEST(Windash, MultipliesOut) {
    EXPECT_EQ(windash("-a -b").size(), 25U);
    EXPECT_EQ(windash("-a -b -c -d -e").size(), 3125U);
}
TEST(Windash, RefusesToGrowWithoutBound) {
    EXPECT_EQ(windash("-a -b -c -d -e -f"), std::vector<std::string>{"too many"});
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += " -a";
    EXPECT_EQ(windash(many), std::vector<std::string>{"too many"});
}

}  // namespace
}  // namespace firebreak::sigma
