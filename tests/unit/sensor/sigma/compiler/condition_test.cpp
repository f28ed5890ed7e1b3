#include "sensor/sigma/compiler/condition.hpp"

#include <gtest/gtest.h>

namespace firebreak::sigma {
namespace {

const std::vector<std::string> kNames = {"sel",    "selection_a", "selection_b",
                                         "filter", "_hidden",     "and-more"};

/// A condition in prefix form: "(and sel (not filter))".
std::string shape(const Condition& condition) {
    if (condition.kind == Condition::Kind::kDetection) return condition.name;
    std::string text = condition.kind == Condition::Kind::kNot   ? "(not"
                       : condition.kind == Condition::Kind::kAll ? "(and"
                                                                 : "(or";
    for (const Condition& child : condition.children) text += " " + shape(child);
    return text + ")";
}

std::string parsed(std::string_view text) {
    const auto condition = parse_condition(text, kNames);
    return condition ? shape(*condition) : "refused: " + condition.error().reason;
}

Refusal refused(std::string_view text) {
    const auto condition = parse_condition(text, kNames);
    EXPECT_FALSE(condition) << text;
    return condition ? Refusal{} : condition.error();
}

TEST(Condition, BindsNotBeforeAndBeforeOr) {
    EXPECT_EQ(parsed("sel or not filter and selection_a"),
              "(or sel (and (not filter) selection_a))");
}
TEST(Condition, ReadsBrackets) {
    EXPECT_EQ(parsed("(sel or filter) and not (selection_a)"),
              "(and (or sel filter) (not selection_a))");
    EXPECT_EQ(parsed("sel and(filter)"), "(and sel filter)");
}
TEST(Condition, ReadsWordsInAnyCase) {
    EXPECT_EQ(parsed("sel AND NOT filter OR 1 OF selection_*"),
              "(or (and sel (not filter)) (or selection_a selection_b))");
}
TEST(Condition, LetsADetectionsNameStartWithAWord) {
    EXPECT_EQ(parsed("and-more and sel"), "(and and-more sel)");
}
TEST(Condition, ReadsQuantities) {
    EXPECT_EQ(parsed("1 of selection_*"), "(or selection_a selection_b)");
    EXPECT_EQ(parsed("any of selection_*"), "(or selection_a selection_b)");
    EXPECT_EQ(parsed("all of selection_*"), "(and selection_a selection_b)");
    EXPECT_EQ(parsed("not 1 of filter*"), "(not filter)");
    EXPECT_EQ(parsed("1 of *_a"), "selection_a");
    EXPECT_EQ(parsed("1 of s*_*b"), "selection_b");
    EXPECT_EQ(parsed("all of sel"), "sel");
}
TEST(Condition, LeavesNamesWithAnUnderscoreOutOfThem) {
    EXPECT_EQ(parsed("1 of them"), "(or sel selection_a selection_b filter and-more)");
    EXPECT_EQ(parsed("_hidden"), "_hidden");
    EXPECT_EQ(parsed("1 of _*"), "_hidden");
}
TEST(Condition, MatchesGlobsWhole) {
    EXPECT_EQ(parsed("1 of se"), "refused: unknown-detection");
    EXPECT_EQ(parsed("1 of *ction"), "refused: unknown-detection");
}
TEST(Condition, TakesDoubleNegationAway) {
    EXPECT_EQ(parsed("not not sel"), "sel");
    EXPECT_EQ(parsed("not not not sel"), "(not sel)");
}

TEST(Condition, NamesTheNearestDetection) {
    const Refusal refusal = refused("sel and filtre");

    EXPECT_EQ(refusal.reason, "unknown-detection");
    EXPECT_EQ(refusal.offset, 8U);
    EXPECT_NE(refusal.text.find("did you mean 'filter'?"), std::string::npos) << refusal.text;
}
TEST(Condition, RefusesWhatIsIncomplete) {
    EXPECT_EQ(refused("").reason, "bad-condition");
    EXPECT_EQ(refused("sel and").reason, "bad-condition");
    EXPECT_EQ(refused("not").reason, "bad-condition");
    EXPECT_EQ(refused("(sel").reason, "bad-condition");
    EXPECT_EQ(refused("sel)").reason, "bad-condition");
    EXPECT_EQ(refused("()").reason, "bad-condition");
    EXPECT_EQ(refused("sel filter").reason, "bad-condition");
    EXPECT_EQ(refused("1 of").reason, "bad-condition");
    EXPECT_EQ(refused("or sel").reason, "bad-condition");
}
TEST(Condition, RefusesCounting) {
    EXPECT_EQ(refused("sel | count() by Image > 5").reason, "aggregation");
    EXPECT_EQ(refused("2 of selection_*").reason, "bad-quantity");
}
TEST(Condition, RefusesToNestWithoutBound) {
    const std::string deepest(kConditionDepthMax - 1, '(');
    const std::string shut(kConditionDepthMax - 1, ')');
    EXPECT_EQ(parsed(deepest + "sel" + shut), "sel");
    EXPECT_EQ(parsed("(" + deepest + "sel" + shut + ")"), "refused: bad-condition");
    EXPECT_EQ(refused(std::string(10'000, '(')).reason, "bad-condition");
}
TEST(Condition, ReadsAThousandNotsInARow) {
    std::string text;
    for (int i = 0; i < 1001; ++i) text += "not ";
    EXPECT_EQ(parsed(text + "sel"), "(not sel)");
}
TEST(Condition, RefusesToGrowWithoutBound) {
    EXPECT_EQ(refused(std::string(kConditionBytesMax + 1, ' ')).reason, "too-large");
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("d" + std::to_string(i));
    std::string text = "1 of them";
    for (int i = 0; i < 1000; ++i) text += " or 1 of *";
    const auto condition = parse_condition(text, names);
    ASSERT_FALSE(condition);
    EXPECT_EQ(condition.error().reason, "too-large");
}

}  // namespace
}  // namespace firebreak::sigma
