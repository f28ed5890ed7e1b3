#include "validator/report/reproducer.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::validator {
namespace {

using firebreak::test::refused;

Reproducer sample() {
    return {.finding = "FB702",
            .engine = sha256(bytes_of("engine")),
            .files = {{"a.yar", to_bytes("rule a {}")}, {"b.bin", {0, 255, 10}}},
            .evaluates = true,
            .input_name = "/usr/bin/ls",
            .input = {1, 2, 3},
            .expected = Outcome::kCrashed,
            .expected_signal = 11,
            .expected_rule = "r",
            .missed_rule = "s"};
}

TEST(Reproducer, CarriesEverythingThere) {
    const Reproducer sent = sample();

    const Result<Reproducer> got = parse_reproducer(serialize(sent));

    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->finding, sent.finding);
    EXPECT_EQ(got->engine, sent.engine);
    ASSERT_EQ(got->files.size(), 2U);
    EXPECT_EQ(got->files[1].bytes, sent.files[1].bytes);
    EXPECT_TRUE(got->evaluates);
    EXPECT_EQ(got->input_name, sent.input_name);
    EXPECT_EQ(got->input, sent.input);
    EXPECT_EQ(got->expected, Outcome::kCrashed);
    EXPECT_EQ(got->expected_signal, 11);
    EXPECT_EQ(got->expected_rule, "r");
    EXPECT_EQ(got->missed_rule, "s");
}

EvaluateRun run_with(Outcome outcome, std::int32_t detail, std::vector<std::string> rules = {}) {
    EvaluateRun run{.verdict = {.outcome = outcome, .detail = detail}, .matches = {}};
    for (std::string& rule : rules) run.matches.push_back({.rule = std::move(rule), .detail = {}});
    return run;
}

TEST(Reproducer, IsShownByTheSameSignalOnly) {
    Reproducer crash;
    crash.expect({.outcome = Outcome::kCrashed, .detail = 11});

    EXPECT_TRUE(shows(crash, run_with(Outcome::kCrashed, 11), false));
    EXPECT_FALSE(shows(crash, run_with(Outcome::kCrashed, 6), false));
    EXPECT_FALSE(shows(crash, run_with(Outcome::kAccepted, 0), false));
    crash.grows = true;
    EXPECT_FALSE(shows(crash, run_with(Outcome::kCrashed, 11), false));
}

TEST(Reproducer, IsShownByTheRuleThatMatchesOrDoesNot) {
    Reproducer match;
    match.expect({.outcome = Outcome::kAccepted});
    match.expected_rule = "r";
    EXPECT_TRUE(shows(match, run_with(Outcome::kAccepted, 0, {"q", "r"}), false));
    EXPECT_FALSE(shows(match, run_with(Outcome::kAccepted, 0, {"q"}), false));

    Reproducer missed = match;
    missed.expected_rule.clear();
    missed.missed_rule = "r";
    EXPECT_TRUE(shows(missed, run_with(Outcome::kAccepted, 0, {"q"}), false));
    EXPECT_FALSE(shows(missed, run_with(Outcome::kAccepted, 0, {"r"}), false));
}

TEST(Reproducer, OfALoadHasNoInput) {
    Reproducer load = sample();
    load.evaluates = false;

    const Result<Reproducer> got = parse_reproducer(serialize(load));

    ASSERT_TRUE(got);
    EXPECT_FALSE(got->evaluates);
    EXPECT_TRUE(got->input.empty());
}

TEST(Reproducer, CarriesWhatAnInputMayCost) {
    Reproducer sent = sample();
    sent.cost = {.smaller = {{1}, {1, 2}},
                 .cpu_max = std::chrono::milliseconds(250),
                 .memory_bytes_max = 1000};

    const Result<Reproducer> got = parse_reproducer(serialize(sent));

    ASSERT_TRUE(got) << got.error().to_string();
    ASSERT_TRUE(got->cost.has_value());
    EXPECT_EQ(got->cost->smaller, sent.cost->smaller);
    EXPECT_EQ(got->cost->cpu_max, sent.cost->cpu_max);
    EXPECT_EQ(got->cost->memory_bytes_max, 1000U);
}

TEST(Reproducer, RefusesACostThatIsNone) {
    const ReproducedCost good{
        .smaller = {{1}}, .cpu_max = std::chrono::milliseconds(1), .memory_bytes_max = 1};
    const auto with_cost = [](const ReproducedCost& cost, bool evaluates = true) {
        Reproducer reproducer = sample();
        reproducer.evaluates = evaluates;
        reproducer.cost = cost;
        return parse_reproducer(serialize(reproducer));
    };
    EXPECT_TRUE(with_cost(good));
    EXPECT_TRUE(refused(with_cost(good, false), Errc::kMalformed));
    ReproducedCost bad = good;
    bad.cpu_max = {};
    EXPECT_FALSE(with_cost(bad));
    bad = good;
    bad.memory_bytes_max = 0;
    EXPECT_FALSE(with_cost(bad));
    bad = good;
    bad.smaller.resize(ReproducedCost::kSmallerMax + 1);
    EXPECT_TRUE(refused(with_cost(bad), Errc::kTooLarge));
}

/// `from` replaced by `to` in a good one.
Result<Reproducer> with(std::string_view from, std::string_view to) {
    std::string text = to_text(serialize(sample()));
    text.replace(text.find(from), from.size(), to);
    return parse_reproducer(bytes_of(text));
}

TEST(Reproducer, RefusesWhatItIsNot) {
    EXPECT_TRUE(refused(parse_reproducer(bytes_of("{}")), Errc::kMalformed));
    EXPECT_TRUE(refused(with("\"signal\": 11", "\"signal\": 65"), Errc::kMalformed));
    EXPECT_TRUE(refused(with("\"signal\": 11", "\"signal\": \"11\""), Errc::kMalformed));
    EXPECT_TRUE(refused(with("\"missed_rule\": \"s\"", "\"missed_rule\": 3"), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_reproducer(bytes_of("not json")), Errc::kMalformed));
    EXPECT_TRUE(refused(with("reproducer/1", "reproducer/2"), Errc::kUnsupported));
    EXPECT_TRUE(refused(with("\"crashed\"", "\"fine\""), Errc::kMalformed));
    EXPECT_TRUE(refused(with("\"base64\": \"", "\"base64\": \"*"), Errc::kMalformed));
    EXPECT_TRUE(refused(with("\"files\"", "\"file\""), Errc::kMalformed));
}

}  // namespace
}  // namespace firebreak::validator
