#include "validator/stages/lint/yara_condition.hpp"

#include <gtest/gtest.h>

#include "sensor/yara/source_map.hpp"

namespace firebreak::validator::lint {
namespace {

/// The demand of `condition` in a rule whose strings are $a1 of 1 byte, $a2 of 6 and $b of 10.
Demand demand(const std::string& condition) {
    const yara::SourceMap map = yara::read_source("rule r { condition: " + condition + " }");
    const std::map<std::string, Demand, std::less<>> rules{{"helper", 3}};
    const ConditionNames names{{{"$a1", 1}, {"$a2", 6}, {"$b", 10}}, rules};
    return demand_of_condition(map.rules.at(0).condition_tokens, names);
}

TEST(YaraCondition, KnowsWhatAsksForNothing) {
    for (const char* text :
         {"true", "not false", "filesize > 0", "filesize >= 0 and filesize < 10MB", "1 == 1",
          "#a2 >= 0", "#a2 < 5", "not $b", "not (any of them)", "none of them", "$b or true",
          "uint16(0) != 0x5A4D", "(((filesize < 100KB)))"}) {
        EXPECT_EQ(demand(text), 0U) << text;
    }
}

TEST(YaraCondition, TakesTheSumOfAndAndTheLeastOfOr) {
    EXPECT_EQ(demand("$a2"), 6U);
    EXPECT_EQ(demand("$a2 and $b and filesize < 1MB"), 16U);
    EXPECT_EQ(demand("$a1 or $b"), 1U);
    EXPECT_EQ(demand("($a1 or $b) and $a2"), 7U);
    EXPECT_EQ(demand("$b at 0 or #a2 > 3"), 6U);
    EXPECT_EQ(demand("$a2 in (0..100)"), 6U);
    EXPECT_EQ(demand("not not $b"), 10U);
    EXPECT_EQ(demand("uint16(0) == 0x5A4D and $b"), 12U);
    EXPECT_EQ(demand("pe.is_pe"), 2U);
    EXPECT_EQ(demand("helper and $a1"), 4U);
}

TEST(YaraCondition, CountsSets) {
    EXPECT_EQ(demand("any of them"), 1U);
    EXPECT_EQ(demand("all of them"), 17U);
    EXPECT_EQ(demand("2 of them"), 7U);
    EXPECT_EQ(demand("2 of ($a*, $b)"), 7U);
    EXPECT_EQ(demand("1 of ($a2, $b)"), 6U);
    EXPECT_EQ(demand("50% of them"), 7U);
    EXPECT_EQ(demand("any of ($a*) in (0..500)"), 1U);
    EXPECT_EQ(demand("for any of ($b) : ( $ at 0 )"), 10U);
    EXPECT_EQ(demand("4 of them"), kNeverTrue);
}

TEST(YaraCondition, KnowsWhatIsNeverTrue) {
    EXPECT_EQ(demand("false"), kNeverTrue);
    EXPECT_EQ(demand("filesize < 0"), kNeverTrue);
    EXPECT_EQ(demand("$b and false"), kNeverTrue);
    EXPECT_EQ(demand("$b or false"), 10U);
}

/// What it cannot weigh must never look empty.
TEST(YaraCondition, GivesTheBenefitOfTheDoubt) {
    for (const char* text :
         {"hash.md5(0, filesize) == \"d41d8cd98f00b204e9800998ecf8427e\"", "unknown_rule",
          "pe.imphash() == \"x\"", "for all i in (1..3) : ( uint8(i) == 0 )",
          "(1 + 2) * filesize == 3", "filesize == 1234", "math.entropy(0, filesize) >= 7",
          "$nowhere", "any of ($nowhere*)", "any of (helper*)", "( $b", "and", ""}) {
        EXPECT_EQ(demand(text), kDemandUnknown) << text;
    }
    EXPECT_EQ(demand(std::string(100, '(') + "true" + std::string(100, ')')), kDemandUnknown);
}

}  // namespace
}  // namespace firebreak::validator::lint
