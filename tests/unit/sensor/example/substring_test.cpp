/// The example of docs/sensor-abi.md is an engine that the host accepts: it compiles, and does what
/// the page says.
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::sensor {
namespace {

using std::chrono::milliseconds;

class SubstringEngine : public testing::Test {
protected:
    void SetUp() override {
        Result<std::unique_ptr<Engine>> engine = Engine::open(FIREBREAK_EXAMPLE_ENGINE, nullptr);
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

TEST_F(SubstringEngine, MatchesWhatContainsTheText) {
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

TEST_F(SubstringEngine, RefusesAllForOneBadLineAndSaysWhich) {
    const auto content = load("one: hello\nno colon here\n");

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error(), Errc::kInvalid);
    EXPECT_NE(content.error().context().find("rules.txt:2: "), std::string::npos);
    EXPECT_FALSE(load("bad name: hello"));
    EXPECT_FALSE(load("short: abc"));
    EXPECT_FALSE(load(":hello"));
}

TEST_F(SubstringEngine, KeepsToLimitsAndBudget) {
    EXPECT_EQ(load("one: hello\ntwo: world\n", {.rules_max = 1}).error(), Errc::kTooLarge);
    const auto content = load("one: hello\n");
    ASSERT_TRUE(content);

    EXPECT_EQ((*content)->evaluate("f", {}, milliseconds(0)).error(), Errc::kUnavailable);
    EXPECT_TRUE((*content)->evaluate("f", {}, milliseconds(1)));
    EXPECT_EQ(engine_->inputs("process_creation/v1").error(), Errc::kNotFound);
    EXPECT_TRUE(engine_->inputs("file"));
}

}  // namespace
}  // namespace firebreak::sensor
