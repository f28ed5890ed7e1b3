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

/// Which predicates a rule's condition asks, in its order, by what the reference answers.
std::vector<Reading> expected_readings(const Program& program, const Rule& rule,
                                       const std::vector<ReferenceEvent>& events) {
    const Result<PredicateSet> predicates = PredicateSet::make(program);
    const std::vector<Step> steps =
        flatten(rule.nodes, [&](std::uint32_t predicate) { return predicates->cost(predicate); });
    std::vector<Reading> by_step(steps.size());
    for (const ReferenceEvent& event : events) {
        for (std::size_t at = 0; at < steps.size();) {
            const bool met = reference_asks(program.predicates[steps[at].predicate], event);
            (met ? by_step[at].met : by_step[at].missed) = true;
            at = met ? steps[at].if_true : steps[at].if_false;
        }
    }
    std::vector<Reading> readings;
    for (std::size_t at = 0; at < steps.size(); ++at) {
        if (!by_step[at].met && !by_step[at].missed) continue;
        const Predicate& predicate = program.predicates[steps[at].predicate];
        auto found = std::ranges::find_if(readings, [&](const Reading& reading) {
            return reading.field == predicate.field && reading.op == predicate.op;
        });
        if (found == readings.end()) {
            found = readings.insert(found, {.field = predicate.field, .op = predicate.op});
        }
        found->met = found->met || by_step[at].met;
        found->missed = found->missed || by_step[at].missed;
    }
    return readings;
}

TEST(Interpreter, MeasuresWhatThePlainWayWouldAsk) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        RandomRules random(seed);
        const Program program = random.program();
        Result<RuleSet> rules = RuleSet::make(program);
        ASSERT_TRUE(rules) << "seed " << seed;
        rules->measure();
        std::vector<ReferenceEvent> events;
        for (int i = 0; i < 8; ++i) events.push_back(random.event());
        for (const ReferenceEvent& event : events) {
            ASSERT_EQ(run_rules(*rules, event), reference_evaluate(program, event));
        }
        for (std::size_t rule = 0; rule < program.rules.size(); ++rule) {
            ASSERT_EQ(rules->readings(rule),
                      expected_readings(program, program.rules[rule], events))
                << "seed " << seed << " rule " << rule;
        }
    }
}

}  // namespace
}  // namespace firebreak::sigma
