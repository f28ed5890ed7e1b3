// Events made for rules: what is said to match does, by the reference evaluator and by the
// interpreter, and every criterion that can be reached is met and just missed.

#include "validator/generate/event_solver.hpp"

#include <cstdio>
#include <gtest/gtest.h>
#include <set>

#include "sensor/sigma/program/describe.hpp"
#include "sensor/sigma/run/rule_set.hpp"
#include "tests/unit/sensor/sigma/compiler/corpus.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"
#include "tests/unit/sensor/sigma/run/random_rules.hpp"
#include "validator/generate/event_document.hpp"
#include "validator/generate/event_rules.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {
namespace {

using namespace sigma::test;
using sigma::Op;
using sigma::Program;

/// What became of the rules of a program.
struct Solved {
    std::size_t rules = 0;
    std::size_t satisfied = 0;
    std::size_t events = 0;
    std::size_t uses = 0;
    std::size_t read = 0;
    std::size_t both = 0;
    std::vector<std::string> not_satisfied;
    std::vector<std::string> never_read;
};

/// Makes events for every rule, and runs them through the interpreter, which must agree.
void solve(const Program& program, std::size_t events_max, Solved& solved) {
    auto rules = sigma::RuleSet::make(program);
    ASSERT_TRUE(rules) << rules.error().to_string();
    rules->measure();
    EventSolver solver(program, 7);
    for (const sigma::Rule& rule : program.rules) {
        ++solved.rules;
        const std::vector<DirectedEvent> events = solver.events_for(rule, events_max);
        const bool satisfied = !events.empty() && events.front().matches;
        solved.satisfied += satisfied ? 1 : 0;
        if (!satisfied) solved.not_satisfied.push_back(rule.file + " " + rule.id);
        for (const DirectedEvent& event : events) {
            ++solved.events;
            const std::vector<std::string> matched = run_rules(*rules, event.values);
            EXPECT_EQ(std::ranges::count(matched, rule.id), event.matches ? 1 : 0)
                << rule.file << " " << rule.id << ": " << event.purpose;
        }
    }
    for (std::size_t i = 0; i < program.rules.size(); ++i) {
        std::set<std::pair<std::uint16_t, Op>> used;
        for (const sigma::Node& node : program.rules[i].nodes) {
            if (node.kind != sigma::Node::Kind::kPredicate) continue;
            const sigma::Predicate& predicate = program.predicates.at(node.predicate);
            used.emplace(predicate.field, predicate.op);
        }
        const std::vector<sigma::Reading> readings = rules->readings(i);
        solved.uses += used.size();
        solved.read += readings.size();
        for (const sigma::Reading& reading : readings) {
            solved.both += reading.met && reading.missed ? 1 : 0;
            used.erase({reading.field, reading.op});
        }
        if (!used.empty()) {
            solved.never_read.push_back(program.rules[i].file + " " + program.rules[i].id);
        }
    }
}

/// One file in `every`.
Solved solve_corpus(const std::filesystem::path& folder, std::size_t events_max,
                    std::size_t every = 1) {
    const sigma::Corpus corpus = sigma::read_corpus(folder);
    std::vector<sigma::RuleSource> sources;
    for (std::size_t i = 0; i < corpus.names.size(); i += every) {
        sources.push_back({corpus.names[i], corpus.texts[i]});
    }
    const sigma::Compiled compiled = sigma::compile(sources);
    Solved solved;
    for (const Program& program : compiled.programs) solve(program, events_max, solved);
    return solved;
}

void show(const Solved& solved) {
    std::printf(
        "%zu of %zu rules satisfied with %zu events; of %zu uses of fields %zu read, %zu both "
        "ways\n",
        solved.satisfied, solved.rules, solved.events, solved.uses, solved.read, solved.both);
    for (const std::string& name : solved.not_satisfied)
        std::printf("no match: %s\n", name.c_str());
    for (const std::string& name : solved.never_read) std::printf("unread: %s\n", name.c_str());
}

TEST(EventSolver, SatisfiesEveryRuleOfTheStarterSet) {
    const Solved solved = solve_corpus(
        std::filesystem::path(FIREBREAK_SOURCE_DIR) / "content/sigma-starter/rules", 64);

    EXPECT_GE(solved.rules, 60U);
    EXPECT_EQ(solved.not_satisfied, std::vector<std::string>{});
    EXPECT_EQ(solved.never_read, std::vector<std::string>{});
    EXPECT_EQ(solved.read, solved.uses);
    show(solved);
}

TEST(EventSolver, SatisfiesAlmostEveryRuleOfSigmaHq) {
    const std::filesystem::path folder = sigma::corpora() / "sigma";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no corpora";
    // All of it takes a debug build 80 s.
    const Solved solved = solve_corpus(folder, 24, 16);

    show(solved);
    EXPECT_GE(solved.rules, 100U);
    EXPECT_GE(100 * solved.satisfied, 98 * solved.rules);
    EXPECT_GE(100 * solved.read, 98 * solved.uses);
}

TEST(EventSolver, AgreesWithTheInterpreterAboutRandomRules) {
    Solved solved;
    for (unsigned seed = 0; seed < 4; ++seed) {
        solve(RandomRules(seed).program(), 24, solved);
    }
    EXPECT_GT(solved.satisfied, solved.rules / 2);
}

/// The shape of 19 July 2024: four criteria, then the field that is not there.
Program july_program() {
    Program program{.contract = "ipc_template/v1", .arity = 21};
    program.predicates = {{.field = 3, .op = Op::kEquals, .text = "pipe"},
                          {.field = 7, .op = Op::kStartsWith, .text = "\\Device\\"},
                          {.field = 11, .op = Op::kContains, .text = "suspicious"},
                          {.field = 15, .op = Op::kEndsWith, .text = ".exe"},
                          {.field = 20, .op = Op::kEquals, .text = "museum"}};
    program.rules = {
        rule_of(0, {leaf(0), leaf(1), leaf(2), leaf(3), leaf(4), all_of({0, 1, 2, 3, 4})})};
    return program;
}

TEST(EventSolver, MeetsAllBeforeACriterionAndJustMissesIt) {
    const Program program = july_program();
    EventSolver solver(program, 1);

    const std::vector<DirectedEvent> events = solver.events_for(program.rules[0], 64);

    ASSERT_FALSE(events.empty());
    EXPECT_TRUE(events[0].matches);
    for (std::uint32_t criterion = 0; criterion < 5; ++criterion) {
        const auto just_missed = std::ranges::count_if(events, [&](const DirectedEvent& event) {
            for (std::uint32_t other = 0; other < 5; ++other) {
                const bool met = sigma::reference_asks(program.predicates[other], event.values);
                if (met == (other == criterion)) return false;
            }
            return true;
        });
        EXPECT_GE(just_missed, 1) << criterion;
    }
}

TEST(EventSolver, DoesNotFindWhatThereIsNot) {
    Program program{.contract = "sample/v1", .arity = kArity};
    program.predicates = {text_predicate(Op::kEquals, "one"), text_predicate(Op::kEquals, "two")};
    program.rules = {rule_of(0, {leaf(0), leaf(1), all_of({0, 1})}),
                     rule_of(1, {leaf(0), leaf(0), negation(1), all_of({0, 2})})};
    EventSolver solver(program, 1);

    EXPECT_FALSE(solver.match(program.rules[0]));
    EXPECT_FALSE(solver.match(program.rules[1]));
}

TEST(EventSolver, GivesTheSameEventsForTheSameSeed) {
    const Program program = RandomRules(5).program();
    EventSolver one(program, 3);
    EventSolver other(program, 3);
    for (const sigma::Rule& rule : program.rules) {
        const std::vector<DirectedEvent> a = one.events_for(rule, 40);
        const std::vector<DirectedEvent> b = other.events_for(rule, 40);
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].values, b[i].values);
    }
}

TEST(EventDocument, IsReadBackAsItWas) {
    const sigma::ReferenceEvent event{std::string("a"),         std::monostate{},
                                      std::int64_t{-5},         true,
                                      std::string("\xFF\0", 2), std::monostate{}};
    const auto read = read_event(event_document("c/v1", event, 6, 9));

    ASSERT_TRUE(read) << read.error().to_string();
    const EventInput& back = read->at(0);
    EXPECT_EQ(back.contract, "c/v1");
    EXPECT_EQ(back.field_count, 9U);
    ASSERT_EQ(back.fields.size(), 5U);  // What has no value need not be written.
    EXPECT_EQ(back.fields[2].integer, -5);
    EXPECT_EQ(back.fields[4].length, 2U);
    // What the build does not supply is left out.
    EXPECT_EQ(read_event(event_document("c/v1", event, 3))->at(0).fields.size(), 3U);
}

TEST(EventRules, AreReadBackFromADescription) {
    const Program program = sample_program();
    sensor_kit::JsonWriter out;
    out.open_object().key("programs").open_array();
    sigma::describe_program(out, "a.sigma", program, [](std::uint16_t) { return "f"; });
    out.close_array().key("rules").open_array();
    for (const sigma::Rule& rule : program.rules) sigma::describe_rule(out, rule, 0);
    out.close_array().close_object();

    const auto read = read_event_rules(*parse_json(out.text()));

    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ(read->at(0).predicates, program.predicates);
    ASSERT_EQ(read->at(0).rules.size(), program.rules.size());
    EXPECT_EQ(read->at(0).rules.back().nodes, program.rules.back().nodes);
}

/// A description of one program over one field, and one rule.
std::string description(const std::string& position, const std::string& op,
                        const std::string& program, const std::string& node) {
    return R"({"programs": [{"contract": "c", "arity": 1, "predicates": [{"field": "f",)"
           R"( "position": )" +
           position + R"(, "op": ")" + op + R"("}]}], "rules": [{"name": "a", "program": )" +
           program + R"(, "nodes": [)" + node + "]}]}";
}

TEST(EventRules, AreRefusedWhenTheyAreNone) {
    const std::string leaf_node = R"({"kind": "predicate", "predicate": 0})";
    EXPECT_TRUE(read_event_rules(*parse_json(R"({"rules": []})"))->empty());
    EXPECT_TRUE(read_event_rules(*parse_json(description("0", "present", "0", leaf_node))));
    for (const std::string& text :
         {std::string("[]"), std::string(R"({"programs": 1})"),
          std::string(R"({"programs": [{"contract": "c"}], "rules": []})"),
          description("1", "present", "0", leaf_node), description("0", "sings", "0", leaf_node),
          description("0", "present", "1", leaf_node),
          description("0", "present", "0", R"({"kind": "not", "children": [0]})")}) {
        EXPECT_FALSE(read_event_rules(*parse_json(text))) << text;
    }
}

}  // namespace
}  // namespace firebreak::validator
