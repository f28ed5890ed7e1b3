#include "core/base/terminal.hpp"

#include <gtest/gtest.h>

namespace firebreak {
namespace {

TEST(Terminal, LeavesTextAsItIsInJson) {
    const Terminal terminal(true);

    EXPECT_TRUE(terminal.json());
    EXPECT_EQ(terminal.bad("halted"), "halted");
}

TEST(Terminal, HasNoColourWhenItsOwnerWantsNone) {
    ASSERT_EQ(::setenv("NO_COLOR", "", 1), 0);
    const Terminal terminal(false);
    ASSERT_EQ(::unsetenv("NO_COLOR"), 0);

    EXPECT_EQ(terminal.good("complete"), "complete");
    EXPECT_EQ(terminal.strong("x") + terminal.faint("y"), "xy");
}

TEST(VersionLine, NamesProgramAndVersion) {
    EXPECT_EQ(version_line("firebreakd").find("firebreakd 0."), 0U);
}

}  // namespace
}  // namespace firebreak
