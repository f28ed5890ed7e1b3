#include "validator/stages/sentinel.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::validator {
namespace {

TEST(Sentinel, IsThereForEachContentTypeWeKnowAndForNoOther) {
    for (const std::string_view type : {"yara-source", "sigma-binary"}) {
        const std::optional<Sentinel> sentinel = sentinel_for(type, {});
        ASSERT_TRUE(sentinel) << type;
        EXPECT_EQ(sentinel->content_type, type);
    }
    EXPECT_FALSE(sentinel_for("unheard-of", {}));
    EXPECT_FALSE(sentinel_for("", {}));
}

TEST(Sentinel, GivesEachRuleANameOfItsOwn) {
    const Sentinel sentinel = *sentinel_for("yara-source", {});

    EXPECT_NE(sentinel.rule(0), sentinel.rule(1));
    EXPECT_NE(sentinel.text(7).find("rule " + sentinel.rule(7) + " {"), std::string::npos);
    EXPECT_TRUE(sentinel.text(7).starts_with('\n'));
}

TEST(Sentinel, HasItsMarkInEachInput) {
    const std::string text = sentinel_for("yara-source", {})->text(0);
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

/// A rule file for one contract, with one rule.
Bytes rule_file(std::string contract) {
    sigma::Program program{.contract = std::move(contract), .arity = 2};
    program.predicates = {{.field = 1, .op = sigma::Op::kPresent}};
    program.rules = {{.id = "a", .nodes = {{.predicate = 0}}}};
    return *sigma::write_program(program);
}

TEST(Sentinel, StandsInEveryRuleFileAndKnowsItsEvents) {
    const Bytes first = rule_file("process_creation_windows/v1");
    const Bytes second = rule_file("dns_query_windows/v1");
    const Sentinel sentinel =
        *sentinel_for("sigma-binary", {{"a.sigma", first}, {"b.sigma", second}});

    const auto alone = sigma::read_program(sentinel.alone());
    const auto inside = sigma::read_program(sentinel.inside(second, 2));
    const std::vector<SentinelInput> inputs = sentinel_inputs(sentinel);

    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->contract, "process_creation_windows/v1");
    EXPECT_EQ(alone->rules.front().id, sentinel.rule(0));
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->contract, "dns_query_windows/v1");
    EXPECT_EQ(inside->arity, 2);
    EXPECT_EQ(inside->rules.size(), 2U);
    ASSERT_EQ(inputs.size(), 2U);
    EXPECT_TRUE(inputs[0].own);
    EXPECT_FALSE(inputs[1].own);
    EXPECT_EQ(sentinel.inside(bytes_of("no rule file"), 1), to_bytes("no rule file"));
}

}  // namespace
}  // namespace firebreak::validator
