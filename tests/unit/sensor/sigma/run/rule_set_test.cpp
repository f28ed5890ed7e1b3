#include "sensor/sigma/run/rule_set.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/unit/sensor/sigma/program/sample_program.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"

namespace firebreak::sigma {
namespace {

using namespace test;

/// An event whose first field has `value`, and whose second has `other`.
ReferenceEvent event_of(ReferenceValue value, ReferenceValue other = {}) {
    ReferenceEvent event(kArity);
    event[0] = std::move(value);
    event[1] = std::move(other);
    return event;
}

/// Whether a rule of one predicate matches; says so when the reference does not agree.
bool asks(const Predicate& predicate, const ReferenceEvent& event) {
    const Program program = one_rule_each({predicate});
    Result<RuleSet> rules = RuleSet::make(program);
    if (!rules) {
        ADD_FAILURE() << rules.error().to_string();
        return false;
    }
    const bool matched = !run_rules(*rules, event).empty();
    EXPECT_EQ(matched, reference_asks(predicate, event)) << name_of(predicate.op);
    return matched;
}

bool asks(Op op, std::string text, ReferenceValue value) {
    return asks(text_predicate(op, std::move(text)), event_of(std::move(value)));
}

TEST(Predicates, CompareTextWithoutRegardToAsciiCase) {
    EXPECT_TRUE(asks(Op::kEquals, "CMD.exe", "cmd.EXE"));
    EXPECT_TRUE(asks(Op::kContains, "md.E", "C:\\cmd.exe"));
    EXPECT_TRUE(asks(Op::kStartsWith, "c:\\", "C:\\cmd.exe"));
    EXPECT_TRUE(asks(Op::kEndsWith, "\\CMD.EXE", "C:\\cmd.exe"));
    EXPECT_FALSE(asks(Op::kEquals, "cmd", "cmd.exe"));
    EXPECT_FALSE(asks(Op::kStartsWith, "md", "cmd"));
    EXPECT_FALSE(asks(Op::kEndsWith, "cm", "cmd"));
    // @ and [ stand next to A and Z, ` and { next to a and z.
    EXPECT_FALSE(asks(Op::kEquals, "@[", "`{"));
    // Only ASCII folds.
    EXPECT_FALSE(asks(Op::kEquals, "\xC3\x89", "\xC3\xA9"));
}

TEST(Predicates, RespectCaseWhenAsked) {
    const Predicate cased{.op = Op::kContains, .cased = true, .text = "Invoke"};
    EXPECT_TRUE(asks(cased, event_of("xInvokex")));
    EXPECT_FALSE(asks(cased, event_of("xinvokex")));
}

TEST(Predicates, TakeEmptyTextForWhatItIs) {
    EXPECT_TRUE(asks(Op::kEquals, "", ""));
    EXPECT_FALSE(asks(Op::kEquals, "", "a"));
    EXPECT_TRUE(asks(Op::kContains, "", "a"));
    EXPECT_TRUE(asks(Op::kContains, "", ""));
    EXPECT_FALSE(asks(Op::kContains, "a", ""));
}

TEST(Predicates, SayNoAboutAnAbsentFieldButForItsAbsence) {
    for (const OpName& op : all_ops()) {
        Predicate predicate{.op = op.op};
        if (op.op == Op::kGlob) predicate.pieces = {{}, {}};
        if (op.op == Op::kCidr) predicate.network = {0, 0, 0, 0};
        if (op.op >= Op::kSameAs) predicate.other_field = 1;
        EXPECT_EQ(asks(predicate, event_of({}, "a")), op.op == Op::kAbsent) << op.name;
        const bool about_both = op.op >= Op::kSameAs;
        if (about_both) {
            EXPECT_FALSE(asks(predicate, event_of("a", {}))) << op.name;
        }
    }
    EXPECT_FALSE(asks({.op = Op::kAbsent}, event_of("")));
    EXPECT_TRUE(asks({.op = Op::kPresent}, event_of("")));
}

TEST(Predicates, AskNumbersAndBooleansAsText) {
    EXPECT_TRUE(asks(Op::kEquals, "-42", std::int64_t{-42}));
    EXPECT_TRUE(asks(Op::kContains, "372036854775808", INT64_MIN));
    EXPECT_TRUE(asks(Op::kEquals, "TRUE", true));
    EXPECT_TRUE(asks(Op::kStartsWith, "fal", false));
}

TEST(Predicates, ReadIntegersStrictly) {
    const auto equals = [](std::int64_t integer, ReferenceValue value) {
        return asks({.op = Op::kIntegerEquals, .integer = integer}, event_of(std::move(value)));
    };
    EXPECT_TRUE(equals(4688, "4688"));
    EXPECT_TRUE(equals(-1, "-1"));
    EXPECT_TRUE(equals(4688, std::int64_t{4688}));
    EXPECT_TRUE(equals(0x1F0FFF, "0x1f0FFF"));
    EXPECT_TRUE(equals(INT64_MAX, "9223372036854775807"));
    for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x", "0x-1", "-0x1", "1a",
                             "9223372036854775808", "0x8000000000000000"}) {
        EXPECT_FALSE(equals(1, text)) << text;
    }
}

TEST(Predicates, CompareIntegersInOrder) {
    const auto holds = [](Op op, std::int64_t value) {
        return asks({.op = op, .integer = 5}, event_of(value));
    };
    EXPECT_TRUE(holds(Op::kLess, 4) && !holds(Op::kLess, 5));
    EXPECT_TRUE(holds(Op::kLessOrEqual, 5) && !holds(Op::kLessOrEqual, 6));
    EXPECT_TRUE(holds(Op::kGreater, 6) && !holds(Op::kGreater, 5));
    EXPECT_TRUE(holds(Op::kGreaterOrEqual, 5) && !holds(Op::kGreaterOrEqual, 4));
    EXPECT_TRUE(holds(Op::kLess, INT64_MIN));
}

TEST(Predicates, MatchGlobs) {
    const auto matches = [](std::vector<GlobPiece> pieces, const char* value) {
        return asks({.op = Op::kGlob, .pieces = std::move(pieces)}, event_of(value));
    };
    const GlobPiece a_any_c{.text = std::string("a\0c", 3), .any = {1}};
    const GlobPiece any_any{.text = std::string(2, '\0'), .any = {0, 1}};
    EXPECT_TRUE(matches({a_any_c}, "aBc"));
    EXPECT_FALSE(matches({a_any_c}, "abbc"));
    EXPECT_TRUE(matches({{}, a_any_c, {}}, "aacabc"));
    EXPECT_TRUE(matches({{.text = "x"}, {.text = "y"}}, "xy"));
    EXPECT_FALSE(matches({{.text = "xy"}, {.text = "yz"}}, "xyz"));  // They may not overlap.
    EXPECT_TRUE(matches({{}, {}}, ""));
    EXPECT_TRUE(matches({{}}, ""));
    EXPECT_FALSE(matches({{}}, "a"));
    EXPECT_TRUE(matches({any_any}, "ab"));
    EXPECT_FALSE(matches({any_any}, "a"));
    EXPECT_TRUE(matches({{}, any_any, {.text = "z"}}, "abz"));
    EXPECT_FALSE(matches({{}, any_any, {.text = "z"}}, "az"));
    EXPECT_TRUE(matches({{.text = "a"}, {.text = "b"}, {.text = "c"}, {.text = "d"}}, "aXbXcXd"));
    EXPECT_FALSE(matches({{.text = "a"}, {.text = "c"}, {.text = "b"}, {.text = "d"}}, "aXbXcXd"));
}

TEST(Predicates, FindRegularExpressionsAnywhere) {
    EXPECT_TRUE(asks(Op::kRegex, "inv[a-z]+ke", "x invoke y"));
    EXPECT_FALSE(asks(Op::kRegex, "inv[a-z]+ke", "x INVOKE y"));
    EXPECT_TRUE(asks(Op::kRegex, "(?i)task", "TASK"));
    EXPECT_TRUE(asks(Op::kRegex, "^a.c$",
                     "a\xFF"
                     "c"));                                            // Bytes, whatever they are.
    EXPECT_TRUE(asks(Op::kRegex, "^\xC3\xA9.$", "\xC3\xA9\xC3\xA9"));  // Characters.
    EXPECT_TRUE(asks(Op::kRegex, "^$", ""));
}

TEST(Predicates, FindCharactersThatOnlyRegularExpressionsFold) {
    // U+212A, the Kelvin sign, is a K to an expression about characters, and nothing to folding.
    EXPECT_TRUE(asks(Op::kRegex, "(?i)\xC3\xA9.*task", "\xC3\xA9 tas\xE2\x84\xAA"));
    EXPECT_TRUE(asks(Op::kRegex, "(?i)\xC3\xA9.*task", "\xC3\x89 TASK"));
    EXPECT_FALSE(asks(Op::kRegex, "(?i)task", "tas\xE2\x84\xAA"));
}

TEST(Regex, NamesTheFewestAndLongestLiteralsThatAMatchMustHave) {
    const auto atoms = [](const char* pattern) {
        const Result<Regex> regex = Regex::make(pattern);
        return regex ? regex->atoms() : std::vector<std::string>{"refused"};
    };
    using Atoms = std::vector<std::string>;
    EXPECT_EQ(atoms("net\\s+user"), Atoms{"user"});
    EXPECT_EQ(atoms("(?i)(Foo|barbar).*xy"), (Atoms{"foo", "barbar"}));
    EXPECT_EQ(atoms("\\w+`\\w+"), Atoms{"`"});
    EXPECT_EQ(atoms("a|.*"), Atoms{});
    // Which command line has no "a" and no digit?
    EXPECT_EQ(atoms("a.*"), Atoms{});
    EXPECT_EQ(atoms("[0-9]+"), Atoms{});
    EXPECT_EQ(atoms("\xC3\xA9tude"), Atoms{});
}

TEST(Predicates, KnowNetworks) {
    const auto inside = [](Bytes network, std::uint8_t bits, const char* value) {
        return asks({.op = Op::kCidr, .network = std::move(network), .prefix_bits = bits},
                    event_of(value));
    };
    const Bytes ten = {10, 0, 0, 0};
    Bytes link_local(16, 0);
    link_local[0] = 0xFE;
    link_local[1] = 0x80;
    EXPECT_TRUE(inside(ten, 8, "10.255.0.1"));
    EXPECT_FALSE(inside(ten, 8, "11.0.0.1"));
    EXPECT_TRUE(inside({172, 16, 0, 0}, 12, "172.31.1.1"));
    EXPECT_FALSE(inside({172, 16, 0, 0}, 12, "172.32.1.1"));
    EXPECT_TRUE(inside({0, 0, 0, 0}, 0, "255.255.255.255"));
    EXPECT_TRUE(inside({127, 0, 0, 1}, 32, "127.0.0.1"));
    EXPECT_TRUE(inside(link_local, 10, "fe80::1%eth0"));
    EXPECT_TRUE(inside(link_local, 10, "FEBF:0:0:0:0:0:0:1"));
    EXPECT_FALSE(inside(link_local, 10, "fec0::1"));
    EXPECT_TRUE(inside(ten, 8, "::ffff:10.1.2.3"));
    EXPECT_FALSE(inside(ten, 8, "fe80::1"));
    EXPECT_FALSE(inside(Bytes(16, 0), 0, "10.0.0.1"));
    for (const char* text : {"", "10", "10.0.0", "10.0.0.1.1", "10.0.0.256", " 10.0.0.1",
                             "10.0.0.1 ", "localhost", "0x0a000001"}) {
        EXPECT_FALSE(inside(ten, 8, text)) << text;
    }
    EXPECT_FALSE(asks({.op = Op::kCidr, .network = ten, .prefix_bits = 8},
                      event_of(std::string("10.0.0.1\0", 9))));
}

TEST(Predicates, CompareFieldsWithEachOther) {
    const auto holds = [](Op op, bool cased, const char* value, const char* other) {
        return asks({.op = op, .cased = cased, .other_field = 1}, event_of(value, other));
    };
    EXPECT_TRUE(holds(Op::kSameAs, false, "ROOT", "root"));
    EXPECT_FALSE(holds(Op::kSameAs, true, "ROOT", "root"));
    EXPECT_TRUE(holds(Op::kSameStart, false, "rootkit", "Root"));
    EXPECT_TRUE(holds(Op::kSameEnd, false, "unroot", "ROOT"));
    EXPECT_TRUE(holds(Op::kSameInside, false, "unrooted", "ROOT"));
    EXPECT_FALSE(holds(Op::kSameInside, false, "root", "unrooted"));
}

TEST(Predicates, AskAnyField) {
    const Predicate keyword{.field = kAnyField, .op = Op::kContains, .text = "mimikatz"};
    ReferenceEvent event(kArity);
    EXPECT_FALSE(asks(keyword, event));
    event[kArity - 1] = "run Mimikatz";
    EXPECT_TRUE(asks(keyword, event));
}

TEST(Predicates, MeetHugeValues) {
    std::string huge(1'000'000, 'a');
    huge.replace(500'000, 6, "needle");
    EXPECT_TRUE(asks(Op::kContains, "NEEDLE", huge));
    EXPECT_TRUE(asks(Op::kContains, "aaaaaaaaaaaaaaab", huge.substr(0, 1000) + "b"));
    EXPECT_TRUE(asks(Op::kRegex, "ne+dle", huge));
}

TEST(Event, IsRefusedWithAFieldThatBreaksTheAbi) {
    Event event(2, 100);
    const auto take = [&event](fb_field field) { return event.take({&field, 1}); };
    fb_field field{};
    field.type = 5;
    EXPECT_EQ(take(field), FB_REFUSED);
    EXPECT_EQ(take({FB_FIELD_BOOLEAN, 0, 2, nullptr, 0}), FB_REFUSED);
    EXPECT_EQ(take({FB_FIELD_TEXT, 0, 0, nullptr, 1}), FB_REFUSED);
    EXPECT_EQ(event.field_count(), 0U);
    EXPECT_EQ(take({FB_FIELD_TEXT, 0, 0, nullptr, 0}), FB_OK);
    EXPECT_EQ(take(text_field(std::string(101, 'a'))), FB_LIMIT);
    const std::vector<fb_field> three(3);
    EXPECT_EQ(event.take(three), FB_LIMIT);
    EXPECT_FALSE(event.present(0));
}

TEST(Event, HasNothingPastItsFields) {
    Event event(2, 100);
    const fb_field field = text_field("a");
    ASSERT_EQ(event.take({&field, 1}), FB_OK);
    EXPECT_FALSE(event.present(1));
    EXPECT_FALSE(event.present(60'000));
    EXPECT_EQ(event.folded(60'000), "");
    EXPECT_EQ(event.integer(60'000), std::nullopt);
}

TEST(Event, FoldsEveryByteRight) {
    std::string text;
    for (int byte = 0; byte < 256; ++byte) text += static_cast<char>(byte);
    std::string folded(text.size(), '\0');
    fold_into(text, folded.data());
    for (std::size_t i = 0; i < text.size(); ++i) EXPECT_EQ(folded[i], fold(text[i])) << i;
}

TEST(RuleSet, SaysWhichFieldsMatched) {
    Program program = one_rule_each({text_predicate(Op::kContains, "evil", 2),
                                     text_predicate(Op::kEndsWith, ".exe", 1),
                                     text_predicate(Op::kEquals, "x", 0)});
    program.rules = {rule_of(0, {leaf(0), leaf(1), leaf(2), negation(2), all_of({0, 1, 3})})};
    Result<RuleSet> rules = RuleSet::make(program);
    ASSERT_TRUE(rules);
    const ReferenceEvent reference = {"y", "a.exe", "so evil", {}, {}, {}};
    const std::vector<fb_field> fields = fields_of(reference);
    Event event(kArity, 1000);
    ASSERT_EQ(event.take(fields), FB_OK);
    std::vector<std::uint16_t> matched;
    Budget budget = long_budget();

    const auto on_match = [&](const RuleMatch& match) {
        for (const Evidence& evidence : match.evidence) matched.push_back(evidence.field);
        return true;
    };
    ASSERT_EQ(rules->evaluate(event, budget, on_match), FB_OK);

    EXPECT_EQ(matched, (std::vector<std::uint16_t>{2, 1}));
}

TEST(RuleSet, RunsADeepConditionWithoutAStack) {
    Program program = one_rule_each({text_predicate(Op::kEquals, "a")});
    std::vector<Node> nodes{leaf(0)};
    for (std::uint32_t i = 0; i < 65'000; ++i) {
        nodes.push_back(i % 2 == 0 ? negation(i) : any_of({i}));
    }
    program.rules = {rule_of(0, nodes)};
    ASSERT_TRUE(write_program(program));
    Result<RuleSet> rules = RuleSet::make(program);
    ASSERT_TRUE(rules);
    EXPECT_EQ(run_rules(*rules, event_of("a")).size(), 1U);
    EXPECT_EQ(run_rules(*rules, event_of("b")).size(), 0U);
}

/// A clock that moves on by a second at each look.
std::chrono::steady_clock::time_point hurried() {
    static std::chrono::steady_clock::time_point now{};
    return now += std::chrono::seconds(1);
}

TEST(RuleSet, StopsWhenTimeIsUp) {
    std::vector<Predicate> predicates;
    for (int i = 0; i < 100; ++i) {
        // Such that nothing but the expression can tell.
        predicates.push_back(text_predicate(Op::kRegex, "a{" + std::to_string(i + 1) + "}[^a]"));
    }
    Result<RuleSet> rules = RuleSet::make(one_rule_each(predicates));
    ASSERT_TRUE(rules);
    const std::string value(200'000, 'a');
    const ReferenceEvent reference = event_of(value);
    const std::vector<fb_field> fields = fields_of(reference);
    Event event(kArity, 1U << 20U);
    ASSERT_EQ(event.take(fields), FB_OK);
    const auto ignore = [](const RuleMatch&) { return true; };

    Budget three_looks(std::chrono::milliseconds(2500), &hurried);
    EXPECT_EQ(rules->evaluate(event, three_looks, ignore), FB_TIMEOUT);
    Budget none(std::chrono::milliseconds(0), &hurried);
    EXPECT_EQ(rules->evaluate(event, none, ignore), FB_TIMEOUT);
    Budget enough = long_budget();
    EXPECT_EQ(rules->evaluate(event, enough, ignore), FB_OK);
}

TEST(RuleSet, IsNotMadeOfARegularExpressionThatRe2DoesNotTake) {
    const Program backreference = one_rule_each({text_predicate(Op::kRegex, "(a)\\1")});
    EXPECT_EQ(RuleSet::make(backreference).error(), Errc::kInvalid);
    const Program huge = one_rule_each({text_predicate(Op::kRegex, "((a{100}){100}){100}")});
    EXPECT_FALSE(RuleSet::make(huge));
}

TEST(Capabilities, AreTheOpsWithCode) {
    EXPECT_EQ(implemented_ops().size(), all_ops().size());
}

}  // namespace
}  // namespace firebreak::sigma
