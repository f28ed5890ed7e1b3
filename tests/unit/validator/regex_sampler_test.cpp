#include "validator/generate/regex_sampler.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::validator {
namespace {

std::optional<std::string> sampled(std::string_view pattern, Repeats repeats,
                                   RegexOptions options = {}, std::size_t bytes_max = 4096) {
    const Result<RegexSampler> sampler = RegexSampler::parse(pattern, options);
    EXPECT_TRUE(sampler) << pattern << ": " << (sampler ? "" : sampler.error().to_string());
    if (!sampler) return std::nullopt;
    SeededRandom random(7);
    const std::optional<Bytes> bytes = sampler->sample(random, repeats, bytes_max);
    if (!bytes) return std::nullopt;
    return std::string(text_of(*bytes));
}

/// The proof is RE2's own: what was made for a pattern is matched by it.
TEST(RegexSampler, MakesWhatRe2Matches) {
    for (const char* pattern : {"abc",
                                "a|b|cd",
                                "(?i)PowerShell(\\.exe)?",
                                "^\\\\Device\\\\.*\\.tmp$",
                                "[a-f0-9]{32}",
                                "x{2,5}y{3}z{0,1}",
                                "(ab)+?c*?",
                                "\\d+\\s\\w\\D\\S\\W",
                                "[^a-zA-Z]",
                                "[]x]",
                                "[a\\]-]+",
                                "\\x41\\x{20ac}",
                                "[[:alpha:]][[:^digit:]]",
                                "\\Q.*(\\Ex",
                                "(?P<name>a|b)(?:c)",
                                "(?s).\\n.",
                                "\\pL\\p{Nd}\\PL",
                                "\\bword\\b",
                                "grün(e|er)?ä+",
                                "[ä-ü]",
                                "-enc(odedcommand)? [A-Za-z0-9+/=]{20,}",
                                "a{,3}b",
                                "\\{\\}\\t",
                                "(|a)b",
                                ""}) {
        const RE2 expression(pattern, RE2::Quiet);
        ASSERT_TRUE(expression.ok()) << pattern << " " << expression.error();
        for (const Repeats repeats : {Repeats::kFewest, Repeats::kSome, Repeats::kMost}) {
            const std::optional<std::string> text = sampled(pattern, repeats);
            ASSERT_TRUE(text) << pattern;
            EXPECT_TRUE(RE2::PartialMatch(*text, expression)) << pattern << " and " << *text;
        }
    }
}

TEST(RegexSampler, TakesFewestAndMostRepetitionsAtTheirWord) {
    EXPECT_EQ(sampled("ab*c{2,4}d?", Repeats::kFewest), "acc");
    EXPECT_EQ(sampled("c{2,4}d?", Repeats::kMost), "ccccd");
    EXPECT_EQ(sampled("a{,3}", Repeats::kMost, {.dialect = RegexDialect::kYara}), "aaa");
    EXPECT_EQ(sampled("b*", Repeats::kMost), std::string(40, 'b'));
}

TEST(RegexSampler, TakesBytesInYaraAndCodePointsInRe2) {
    const RegexOptions yara{.dialect = RegexDialect::kYara};
    EXPECT_EQ(sampled("\\xe4", Repeats::kFewest, yara), "\xe4");
    EXPECT_EQ(sampled("\\xe4", Repeats::kFewest), "\xc3\xa4");
    EXPECT_EQ(sampled("[\\xfe-\\xfe]\\/\\_", Repeats::kFewest, yara), "\xfe/_");
}

TEST(RegexSampler, GivesTheSameForTheSameSeed) {
    const Result<RegexSampler> sampler = RegexSampler::parse("[a-z]{20}", {});
    ASSERT_TRUE(sampler);
    SeededRandom one(1);
    SeededRandom again(1);
    SeededRandom two(2);
    const std::optional<Bytes> first = sampler->sample(one, Repeats::kSome, 100);
    EXPECT_EQ(first, sampler->sample(again, Repeats::kSome, 100));
    EXPECT_NE(first, sampler->sample(two, Repeats::kSome, 100));
}

TEST(RegexSampler, RefusesWhatNoTextCanBeMadeFor) {
    for (const char* pattern : {"(", ")", "a)", "[a", "[]", "*a", "(?=a)", "(?<!a)", "(a)\\1", "\\",
                                "[b-a]", "a{3,2}", "(?P<x", "\\x{110000}", "\\xg", "[^\\d\\D]"}) {
        const Result<RegexSampler> sampler = RegexSampler::parse(pattern, {});
        EXPECT_TRUE(firebreak::test::refused(sampler, Errc::kMalformed)) << pattern;
    }
}

TEST(RegexSampler, BoundsPatternsDepthAndTexts) {
    EXPECT_TRUE(firebreak::test::refused(RegexSampler::parse(std::string(20'000, 'a'), {}),
                                         Errc::kTooLarge));
    EXPECT_TRUE(
        firebreak::test::refused(RegexSampler::parse(std::string(200, '('), {}), Errc::kMalformed));
    EXPECT_EQ(sampled("a{100}", Repeats::kFewest, {}, 99), std::nullopt);
    EXPECT_EQ(sampled("a{10}b*", Repeats::kMost, {}, 12), "aaaaaaaaaabb");
    EXPECT_EQ(sampled("((((a{99}){99}){99}){99}){99}", Repeats::kMost), std::nullopt);
    // No text, and more ways through it than anybody has time for.
    EXPECT_EQ(sampled("((((){9999}){9999}){9999}){9999}", Repeats::kFewest), std::nullopt);
}

}  // namespace
}  // namespace firebreak::validator
