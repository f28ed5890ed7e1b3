#include <gtest/gtest.h>
#include <random>

#include "tests/unit/sensor/sigma/program/sample_program.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"
#include "tests/unit/sensor/sigma/run/random_rules.hpp"

/// The interpreter and the slow reference must give the same answers, whatever the rules and the
/// events: the prefilter may only leave out what cannot match.

namespace firebreak::sigma {
namespace {

using namespace test;

TEST(Interpreter, AgreesWithTheReferenceOnRandomRulesAndEvents) {
    std::size_t matches = 0;
    for (unsigned seed = 0; seed < 150; ++seed) {
        RandomRules random(seed);
        const Program program = random.program();
        ASSERT_TRUE(write_program(program)) << "seed " << seed;
        Result<RuleSet> rules = RuleSet::make(program);
        ASSERT_TRUE(rules) << "seed " << seed << ": " << rules.error().to_string();
        for (int i = 0; i < 20; ++i) {
            const ReferenceEvent event = random.event();
            const std::vector<std::string> expected = reference_evaluate(program, event);
            ASSERT_EQ(run_rules(*rules, event), expected) << "seed " << seed << " event " << i;
            matches += expected.size();
        }
    }
    EXPECT_GT(matches, 1000U);
}

}  // namespace
}  // namespace firebreak::sigma
