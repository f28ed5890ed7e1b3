#include "sensor/host/answers.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

fb_text text(std::string_view view) {
    return {.data = view.data(), .length = view.size()};
}

fb_diagnostic diagnostic(std::uint32_t severity, std::string_view file, std::string_view message) {
    return {.struct_size = sizeof(fb_diagnostic),
            .severity = severity,
            .file = text(file),
            .message = text(message),
            .line = 3,
            .reserved = 0};
}

TEST(Printable, KeepsWellFormedTextAndReplacesTheRest) {
    EXPECT_EQ(printable("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5", 100),
              "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5");
    EXPECT_EQ(printable("a\nb\tc\x7f", 100), "a?b?c?");
    EXPECT_EQ(printable("\x1b[31m", 100), "?[31m");
    EXPECT_EQ(printable("\xC2\x9B", 100), "?");             // CSI as one C1 character
    EXPECT_EQ(printable("\xC0\xAF", 100), "??");            // overlong
    EXPECT_EQ(printable("\xED\xA0\x80", 100), "???");       // surrogate
    EXPECT_EQ(printable("\xF4\x90\x80\x80", 100), "????");  // past U+10FFFF
    EXPECT_EQ(printable("\xE2\x82", 100), "??");            // cut short
    EXPECT_EQ(printable(std::string_view("\0", 1), 100), "?");
}

TEST(Printable, CutsBetweenCharacters) {
    EXPECT_EQ(printable("aaaa\xE2\x82\xAC", 6), "aaaa");
    EXPECT_EQ(printable("aaaa\xE2\x82\xAC", 7), "aaaa\xE2\x82\xAC");
}

TEST(TextAnswer, TakesExactlyOneText) {
    TextAnswer none(10);
    EXPECT_EQ(none.take().error(), Errc::kInvalid);

    TextAnswer one(10);
    one.sink().write(&one, text("{}"));
    EXPECT_EQ(one.take().value(), "{}");

    TextAnswer two(10);
    two.sink().write(&two, text("{}"));
    two.sink().write(&two, text("{}"));
    EXPECT_EQ(two.take().error(), Errc::kInvalid);
}

TEST(TextAnswer, RefusesTooMuchAndNothingWithALength) {
    TextAnswer large(3);
    large.sink().write(&large, text("1234"));
    EXPECT_EQ(large.take().error(), Errc::kTooLarge);

    TextAnswer null(10);
    null.sink().write(&null, {.data = nullptr, .length = 4});
    EXPECT_EQ(null.take().error(), Errc::kInvalid);
}

TEST(DiagnosticAnswers, CountsAnUnknownSeverityAsAnError) {
    std::vector<Diagnostic> collected;
    DiagnosticAnswers answers(collected);
    const fb_diagnostic warning = diagnostic(FB_SEVERITY_WARNING, "a.yar", "slow");
    const fb_diagnostic odd = diagnostic(99, "b.yar", "odd");

    answers.sink().report(&answers, &warning);
    EXPECT_FALSE(answers.first_error());
    answers.sink().report(&answers, &odd);

    ASSERT_EQ(collected.size(), 2U);
    EXPECT_FALSE(collected[0].error);
    EXPECT_TRUE(collected[1].error);
    EXPECT_EQ(answers.first_error(), "b.yar:3: odd");
}

TEST(DiagnosticAnswers, KeepsTheFirstThousand) {
    std::vector<Diagnostic> collected;
    DiagnosticAnswers answers(collected);
    const fb_diagnostic warning = diagnostic(FB_SEVERITY_WARNING, "a.yar", "slow");

    for (int i = 0; i < 2000; ++i) answers.sink().report(&answers, &warning);

    EXPECT_EQ(collected.size(), 1000U);
    EXPECT_FALSE(answers.broken());
}

TEST(DiagnosticAnswers, DoesNotReadAStructThatIsTooShort) {
    std::vector<Diagnostic> collected;
    DiagnosticAnswers answers(collected);
    fb_diagnostic shorter = diagnostic(FB_SEVERITY_ERROR, "a.yar", "x");
    shorter.struct_size = 8;

    answers.sink().report(&answers, &shorter);

    EXPECT_TRUE(answers.broken());
    EXPECT_TRUE(collected.empty());
}

TEST(MatchAnswers, TellsTheEngineToStopAtTheLimit) {
    MatchAnswers answers;
    const fb_match match{
        .struct_size = sizeof match, .reserved = 0, .rule = text("r"), .detail = text("")};
    const fb_match_sink sink = answers.sink();

    for (std::size_t i = 0; i < MatchAnswers::kMatchesMax; ++i) {
        ASSERT_EQ(sink.match(sink.user, &match), 0);
    }

    EXPECT_NE(sink.match(sink.user, &match), 0);
    EXPECT_TRUE(answers.broken());
}

TEST(MatchAnswers, RefusesAMatchWithoutAName) {
    MatchAnswers answers;
    const fb_match match{
        .struct_size = sizeof match, .reserved = 0, .rule = text(""), .detail = text("")};

    EXPECT_NE(answers.sink().match(&answers, &match), 0);
    EXPECT_TRUE(answers.broken());
}

}  // namespace
}  // namespace firebreak::sensor
