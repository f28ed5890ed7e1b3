#include <algorithm>
#include <gtest/gtest.h>

#include "validator/amplify/seeds.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {
namespace {

YaraRule rule_of(std::string name, std::vector<std::string> texts, std::string condition) {
    YaraRule rule;
    rule.name = std::move(name);
    rule.condition = std::move(condition);
    for (const std::string& text : texts) {
        YaraString string;
        string.id = "$s" + std::to_string(rule.strings.size());
        string.source = "\"" + text + "\"";
        rule.strings.push_back(std::move(string));
    }
    return rule;
}

std::vector<YaraRule> two_rules() {
    return {rule_of("one", {"first text", "second text"}, "all of them"),
            rule_of("two", {"another text"}, "$s0")};
}

std::vector<std::string> shown(const AmplifySeeds& seeds) {
    std::vector<std::string> all;
    for (const AmplifySeed& seed : seeds.all) all.push_back(seed.rule + seed.shown);
    return all;
}

/// Rules that look for a text in field 3 of 20, when field 1 says "yes".
sigma::Program program() {
    sigma::Program program{.contract = "ipc_template/v1", .arity = 20};
    program.predicates = {{.field = 1, .op = sigma::Op::kEquals, .text = "yes"},
                          {.field = 3, .op = sigma::Op::kContains, .text = "museum"}};
    program.rules = {{.id = "a-rule",
                      .title = "A rule",
                      .level = "high",
                      .file = "one.yml",
                      .line = 1,
                      .nodes = {{.predicate = 0},
                                {.predicate = 1},
                                {.kind = sigma::Node::Kind::kAll, .children = {0, 1}}}}};
    return program;
}

sensor::CapabilityManifest supplies_twenty() {
    sensor::CapabilityManifest build;
    build.contracts = {"ipc_template/v1:20"};
    return build;
}

TEST(Amplified, RepeatsToTheByte) {
    EXPECT_EQ(amplified({.unit = to_bytes("abc")}, 7), to_bytes("abcabca"));
}

TEST(Amplified, RepeatsBehindItsHead) {
    EXPECT_EQ(amplified({.unit = to_bytes("ab"), .head = to_bytes("MZ")}, 3), to_bytes("MZaba"));
}

TEST(Amplified, RepeatsInTheFieldOfAnEventAndLeavesTheOthers) {
    const AmplifySeed seed{.unit = to_bytes("x\"y"),
                           .contract = "any/v1",
                           .values = {std::string("kept"), {}, std::int64_t{7}},
                           .field = 1,
                           .fields_supplied = 3};
    EXPECT_EQ(to_text(amplified(seed, 4)), R"({"contract":"any/v1","values":["kept","x\"yx",7]})");
}

TEST(AmplifySeeds, BeginWithWhatReachesEveryRule) {
    const AmplifySeeds seeds = file_seeds(two_rules(), {.count_max = 10});

    // Eight that every scanner meets, and a sample of each rule with all its strings.
    ASSERT_EQ(seeds.all.size(), 10U);
    std::vector<std::string> last{seeds.all[8].rule, seeds.all[9].rule};
    std::ranges::sort(last);
    EXPECT_EQ(last, (std::vector<std::string>{"one", "two"}));
    for (std::size_t index : {8, 9}) EXPECT_FALSE(seeds.all[index].head.empty());
    EXPECT_GT(seeds.left_out, 0U);
    EXPECT_EQ(seeds.usual.size(), 1U);
}

TEST(AmplifySeeds, TakeStringsTheirHalvesAndTheirFirstBytesAlone) {
    const std::vector<std::string> all = shown(file_seeds(two_rules(), {}));
    for (const char* seed :
         {"one\"first textsecond text\"", "one\"second text\"", "two\"anothe\"", "two\"a\""}) {
        EXPECT_TRUE(std::ranges::find(all, seed) != all.end()) << seed;
    }
}

TEST(AmplifySeeds, StayBelowTheSizeThatARuleTakes) {
    const AmplifySeeds seeds =
        file_seeds({rule_of("small", {"a string"}, "filesize < 20KB and $s0")}, {});
    const auto seed = std::ranges::find(seeds.all, "small", &AmplifySeed::rule);
    ASSERT_NE(seed, seeds.all.end());
    EXPECT_LT(seed->head.size() + seed->bytes_max, 20U << 10U);
    EXPECT_GT(seed->bytes_max, 10U << 10U);
}

TEST(AmplifySeeds, FollowFromTheDraw) {
    std::vector<YaraRule> rules;
    for (int number = 0; number < 30; ++number) {
        rules.push_back(rule_of("r" + std::to_string(number),
                                {"text number " + std::to_string(number)}, "$s0"));
    }
    const SeedDraw draw{.seed = 1, .count_max = 20};
    EXPECT_EQ(shown(file_seeds(rules, draw)), shown(file_seeds(rules, draw)));
    EXPECT_NE(shown(file_seeds(rules, draw)),
              shown(file_seeds(rules, {.seed = 2, .count_max = 20})));
}

TEST(AmplifySeeds, OfEventsMeetWhatTheRuleAsksOfOtherFields) {
    const AmplifySeeds seeds = event_seeds({program()}, supplies_twenty(), {});

    const auto seed = std::ranges::find_if(seeds.all, [](const AmplifySeed& each) {
        return each.field == 3 && each.shown == "\"museum\"" && each.rule == "a-rule";
    });
    ASSERT_NE(seed, seeds.all.end());
    EXPECT_EQ(std::get<std::string>(seed->values.at(1)), "yes");
    const std::string document = to_text(amplified(*seed, 60));
    EXPECT_NE(document.find("museummuseummuseum"), std::string::npos) << document;
    EXPECT_TRUE(read_event(bytes_of(document)));
    EXPECT_EQ(seeds.usual.size(), 1U);
}

TEST(AmplifySeeds, OfEventsFillEveryTextField) {
    sigma::Program nothing{.contract = "ipc_template/v1", .arity = 20};
    EXPECT_EQ(event_seeds({nothing}, supplies_twenty(), {}).all.size(), 20U);
}

TEST(AmplifySeeds, AreNoneForEventsThatABuildDoesNotSupply) {
    const AmplifySeeds seeds = event_seeds({program()}, {}, {});
    EXPECT_TRUE(seeds.all.empty());
    EXPECT_TRUE(seeds.usual.empty());
}

}  // namespace
}  // namespace firebreak::validator
