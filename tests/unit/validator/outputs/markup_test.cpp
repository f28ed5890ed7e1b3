#include "validator/report/markup.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

TEST(EscapeMarkup, LeavesNothingThatAReaderCouldTakeForMarkup) {
    EXPECT_EQ(escape_markup("<script>alert('x')</script>"),
              "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    EXPECT_EQ(escape_markup("\" onload=\"x&"), "&quot; onload=&quot;x&amp;");
    EXPECT_EQ(escape_markup("]]>"), "]]&gt;");
}

TEST(EscapeMarkup, ReplacesWhatXmlForbidsAndWhatTurnsTheDirectionOfWriting) {
    EXPECT_EQ(escape_markup("a\x01\x1b[31m\nb"), "a??[31m?b");
    EXPECT_EQ(escape_markup("a\xFF\xC0\xAFz"), "a???z");
    EXPECT_EQ(escape_markup("cod\xE2\x80\xAE"
                            "exe.txt"),
              "cod?exe.txt");
    EXPECT_EQ(escape_markup("\xEF\xBF\xBF"), "?");
    EXPECT_EQ(escape_markup("Größe 日本 😀"), "Größe 日本 😀");
}

TEST(EscapeMarkup, CutsWhatIsTooLong) {
    EXPECT_EQ(escape_markup("aaaaaaaa", 4), "aaaa…");
    EXPECT_EQ(escape_markup("aaaa", 4), "aaaa");
}

}  // namespace
}  // namespace firebreak::validator
