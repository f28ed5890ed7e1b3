#include "validator/stages/sentinel.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace firebreak::validator {
namespace {

TEST(Sentinel, IsThereForEachContentTypeWeKnowAndForNoOther) {
    ASSERT_NE(sentinel_for("yara-source"), nullptr);
    EXPECT_EQ(sentinel_for("yara-source")->content_type, "yara-source");
    EXPECT_EQ(sentinel_for("unheard-of"), nullptr);
    EXPECT_EQ(sentinel_for(""), nullptr);
}

TEST(Sentinel, GivesEachRuleANameOfItsOwn) {
    const Sentinel& sentinel = *sentinel_for("yara-source");

    EXPECT_NE(sentinel.rule(0), sentinel.rule(1));
    EXPECT_NE(sentinel.text(7).find("rule " + sentinel.rule(7) + " {"), std::string::npos);
    EXPECT_TRUE(sentinel.text(7).starts_with('\n'));
}

TEST(Sentinel, HasItsMarkInEachInput) {
    const std::string text = sentinel_for("yara-source")->text(0);
    const std::size_t open = text.find('"') + 1;
    const std::string mark = text.substr(open, text.find('"', open) - open);
    std::set<std::string> names;
    for (const SentinelInput& input : sentinel_inputs()) {
        EXPECT_NE(text_of(input.bytes).find(mark), std::string_view::npos) << input.name;
        EXPECT_TRUE(names.insert(input.name).second) << input.name;
    }
}

TEST(Sentinel, LooksAtSmallAndLargeInputsAndAtPrograms) {
    const std::vector<SentinelInput> inputs = sentinel_inputs();
    const auto any = [&](auto claim) { return std::ranges::any_of(inputs, claim); };

    EXPECT_EQ(inputs.size(), 40U);
    EXPECT_TRUE(any([](const SentinelInput& input) { return input.bytes.size() < 100; }));
    EXPECT_TRUE(any([](const SentinelInput& input) { return input.bytes.size() >= 1U << 20U; }));
    EXPECT_TRUE(
        any([](const SentinelInput& input) { return text_of(input.bytes).starts_with("MZ"); }));
    EXPECT_TRUE(any([](const SentinelInput& input) {
        return text_of(input.bytes)
            .starts_with(
                "\x7f"
                "ELF");
    }));
}

}  // namespace
}  // namespace firebreak::validator
