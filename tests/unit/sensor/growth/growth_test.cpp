// The ABI grows, and nobody has to be there first. Compiled twice: against today's header, and, as
// a host that does not exist yet, against a version 2 in which every struct is longer and the table
// has a function more. Both load every engine.

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::sensor {
namespace {

/// Loads `source` in `engine`, and runs it over `input`.
std::vector<Match> matches_of(const std::string& path, std::string_view source,
                              std::string_view input) {
    const auto engine = Engine::open(path, nullptr);
    EXPECT_TRUE(engine) << engine.error().to_string();
    if (!engine) return {};
    std::vector<Diagnostic> diagnostics;
    const auto content = (*engine)->load({{"a", bytes_of(source)}}, {}, diagnostics);
    EXPECT_TRUE(content) << content.error().to_string();
    if (!content) return {};
    EXPECT_TRUE((*content)->describe());
    EXPECT_TRUE((*content)->reset());
    const auto matches =
        (*content)->evaluate("x", bytes_of(input), std::chrono::milliseconds(10'000));
    EXPECT_TRUE(matches) << matches.error().to_string();
    return matches.value_or(std::vector<Match>{});
}

TEST(FIREBREAK_GROWTH, IsWhatThisHostIsCompiledAgainst) {
    EXPECT_EQ(FB_SENSOR_ABI_VERSION, FIREBREAK_EXPECTED_ABI);
    EXPECT_EQ(sizeof(fb_budget) > FB_SIZE_TO(fb_budget, matches_max), FIREBREAK_EXPECTED_ABI > 1);
}

TEST(FIREBREAK_GROWTH, LoadsEnginesOfVersionOne) {
    EXPECT_EQ(matches_of(FIREBREAK_EXAMPLE_ENGINE, "one: hello\n", "say hello").size(), 1U);
    EXPECT_EQ(matches_of(FIREBREAK_EXAMPLE_PROGRAM, "one: hello\n", "say hello").size(), 1U);
    EXPECT_EQ(
        matches_of(FIREBREAK_YARA, "rule r { strings: $a = \"hello\" condition: $a }", "say hello")
            .size(),
        1U);
}

TEST(FIREBREAK_GROWTH, PassesOnWhatAnEngineOfVersionOneComplainsAbout) {
    const auto engine = Engine::open(FIREBREAK_YARA, nullptr);
    ASSERT_TRUE(engine);
    std::vector<Diagnostic> diagnostics;

    EXPECT_FALSE((*engine)->load({{"a.yar", bytes_of("rule {")}}, {}, diagnostics));
    ASSERT_FALSE(diagnostics.empty());
    EXPECT_EQ(diagnostics[0].line, 1U);
}

TEST(FIREBREAK_GROWTH, LoadsAnEngineOfVersionTwo) {
    const std::vector<Match> matches = matches_of(FIREBREAK_GROWN_ENGINE, "anything", "x");

    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].rule, FIREBREAK_EXPECTED_ABI == 1 ? "plain" : "grown");
}

}  // namespace
}  // namespace firebreak::sensor
