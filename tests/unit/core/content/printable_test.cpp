#include "core/content/printable.hpp"

#include <gtest/gtest.h>

namespace firebreak::content {
namespace {

TEST(Printable, FindsTheControlCharactersOfAsciiAndLatin1) {
    for (const char* text : {"\x1b[2J", "a\rb", "\x7f", "\xC2\x80", "\xC2\x9F"}) {
        EXPECT_TRUE(has_control_character(text, true));
    }
    EXPECT_TRUE(has_control_character(std::string_view("\0", 1), true));
    EXPECT_TRUE(has_control_character("a\nb", false));
}

TEST(Printable, LeavesTextAlone) {
    EXPECT_FALSE(has_control_character("", false));
    EXPECT_FALSE(has_control_character("Zo\xC3\xAB \xC2\xA0 \xE2\x82\xAC", false));
    EXPECT_FALSE(has_control_character("a\n\tb", true));
}

TEST(Printable, ShowsNothingButPrintableAscii) {
    EXPECT_EQ(shown("a\x1b[2J\xC3\xAB"), "a?[2J??");
    EXPECT_EQ(shown(std::string(61, 'a')), std::string(60, 'a') + "...");
    EXPECT_EQ(shown(std::string(60, 'a')), std::string(60, 'a'));
}

}  // namespace
}  // namespace firebreak::content
