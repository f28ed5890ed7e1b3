/// The examples of docs/sensor-abi.md are engines that the host accepts: they do what the page
/// says, in C and over a pipe, and the same.
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::sensor {
namespace {

using std::chrono::milliseconds;

class SubstringEngine : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        Result<std::unique_ptr<Engine>> engine = Engine::open(GetParam(), nullptr);
        ASSERT_TRUE(engine) << engine.error().to_string();
        engine_ = *std::move(engine);
    }

    Result<std::unique_ptr<LoadedContent>> load(std::string_view text,
                                                const LoadLimits& limits = {}) {
        return engine_->load({{"rules.txt", bytes_of(text)}}, limits, diagnostics_);
    }

    std::unique_ptr<Engine> engine_;
    std::vector<Diagnostic> diagnostics_;
};

TEST_P(SubstringEngine, MatchesWhatContainsTheText) {
    const auto content = load("one: hello\n\ntwo:world\n");
    ASSERT_TRUE(content) << content.error().to_string();

    const auto found = (*content)->evaluate("f", bytes_of("say hello"), milliseconds(1000));

    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->at(0).rule, "one");
    EXPECT_EQ((*content)->rule_count(), 2U);
    const auto described = (*content)->describe();
    ASSERT_TRUE(described);
    EXPECT_EQ(described->at("rules").at(1).at("line"), 3);
}

TEST_P(SubstringEngine, RefusesAllForOneBadLineAndSaysWhich) {
    const auto content = load("one: hello\nno colon here\n");

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error(), Errc::kInvalid);
    EXPECT_NE(content.error().context().find("rules.txt:2: "), std::string::npos);
    EXPECT_FALSE(load("bad name: hello"));
    EXPECT_FALSE(load("short: abc"));
    EXPECT_FALSE(load(":hello"));
}

TEST_P(SubstringEngine, KeepsToLimitsAndBudget) {
    EXPECT_EQ(load("one: hello\ntwo: world\n", {.rules_max = 1}).error(), Errc::kTooLarge);
    const auto content = load("one: hello\n");
    ASSERT_TRUE(content);

    EXPECT_EQ((*content)->evaluate("f", {}, milliseconds(0)).error(), Errc::kUnavailable);
    EXPECT_TRUE((*content)->evaluate("f", {}, milliseconds(1)));
    EXPECT_EQ(engine_->inputs("process_creation/v1").error(), Errc::kNotFound);
    EXPECT_TRUE(engine_->inputs("file"));
}

INSTANTIATE_TEST_SUITE_P(InC, SubstringEngine, ::testing::Values(FIREBREAK_EXAMPLE_ENGINE));
INSTANTIATE_TEST_SUITE_P(OverAPipe, SubstringEngine, ::testing::Values(FIREBREAK_EXAMPLE_PROGRAM));

}  // namespace
}  // namespace firebreak::sensor
