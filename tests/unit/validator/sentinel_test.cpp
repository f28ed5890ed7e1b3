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

TEST(Sentinel, HasItsMarkInEachInput) {
    const std::string_view text = sentinel_for("yara-source")->text;
    const std::size_t open = text.find('"') + 1;
    const std::string_view mark = text.substr(open, text.find('"', open) - open);
    std::set<std::string_view> names;
    for (const SentinelInput& input : sentinel_inputs()) {
        EXPECT_NE(text_of(input.bytes).find(mark), std::string_view::npos) << input.name;
        EXPECT_TRUE(names.insert(input.name).second) << input.name;
    }
}

TEST(Sentinel, LooksAtSmallAndLargeInputsAndAtPrograms) {
    const std::vector<SentinelInput> inputs = sentinel_inputs();
    const auto any = [&](auto claim) { return std::ranges::any_of(inputs, claim); };

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
