// The compiler as a whole: programs, places, refusals, and what hostile rules get.

#include "sensor/sigma/compiler/compiler.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/unit/sensor/sigma/compiler/rule_text.hpp"

namespace firebreak::sigma {
namespace {

const std::string kId2 = "1f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00";
const std::string kSimple = "sel:\n  Image: a\ncondition: sel";

std::string without(const std::string& text, const std::string& part) {
    std::string rest = text;
    const std::size_t at = rest.find(part);
    EXPECT_NE(at, std::string::npos);
    return rest.erase(at, part.size());
}
std::string with(const std::string& text, const std::string& part, const std::string& other) {
    std::string changed = text;
    return changed.replace(changed.find(part), part.size(), other);
}
bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(Compile, KeepsWhatTheRuleSaysOfItself) {
    const Compiled compiled = compile_text(rule_text(kSimple));

    ASSERT_EQ(compiled.programs.size(), 1U);
    const Program& program = compiled.programs[0];
    EXPECT_EQ(program.contract, "process_test/v1");
    EXPECT_EQ(program.arity, 5U);
    ASSERT_EQ(program.rules.size(), 1U);
    EXPECT_EQ(program.rules[0].id, "0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00");
    EXPECT_EQ(program.rules[0].title, "A test");
    EXPECT_EQ(program.rules[0].level, "low");
    EXPECT_EQ(program.rules[0].file, "rules/a.yml");
    EXPECT_EQ(program.rules[0].line, 1U);
    EXPECT_TRUE(check_program(program));
}

TEST(Compile, MakesOneProgramForEachContract) {
    const std::string dns =
        with(with(rule_text(kSimple, kId2), "process_creation", "dns_query"), "Image", "QueryName");

    const Compiled compiled =
        compile_against({{"a", rule_text(kSimple)}, {"b", dns}}, test_contracts());

    ASSERT_EQ(compiled.programs.size(), 2U);
    EXPECT_EQ(compiled.programs[0].contract, "dns_test/v2");
    EXPECT_EQ(compiled.programs[1].contract, "process_test/v1");
}

TEST(Compile, GivesTheSameWhateverTheOrderOfTheSources) {
    const std::string one = rule_text("sel:\n  Image: [b, a]\ncondition: sel");
    const std::string two = rule_text("sel:\n  Image: [c, b]\ncondition: sel", kId2);
    const std::string bad = with(one, "Image", "Imag");

    const Compiled forward =
        compile_against({{"1", one}, {"2", two}, {"3", bad}}, test_contracts());
    const Compiled backward =
        compile_against({{"3", bad}, {"2", two}, {"1", one}}, test_contracts());

    EXPECT_EQ(forward.programs, backward.programs);
    ASSERT_EQ(forward.messages.size(), backward.messages.size());
    EXPECT_EQ(forward.messages[0].to_string(), backward.messages[0].to_string());
}

TEST(Compile, StoresAPredicateOnce) {
    const std::string other =
        rule_text("sel:\n  Image: [a, b]\nfil:\n  Image: a\ncondition: sel and not fil", kId2);

    const Compiled compiled =
        compile_against({{"1", rule_text(kSimple)}, {"2", other}}, test_contracts());

    ASSERT_EQ(compiled.programs.size(), 1U);
    EXPECT_EQ(compiled.programs[0].predicates.size(), 2U);
}

TEST(Compile, FlattensWhatIsNested) {
    const Program program = program_of(
        "a:\n  Image: x\nb:\n  - CommandLine: y\nc:\n  ParentImage: z\n"
        "condition: (a and (b and (c)))");

    const std::vector<Node>& nodes = program.rules.at(0).nodes;
    ASSERT_EQ(nodes.size(), 4U);
    EXPECT_EQ(nodes[3].kind, Node::Kind::kAll);
    EXPECT_EQ(nodes[3].children.size(), 3U);
}

TEST(Compile, CollapsesWhatIsAlone) {
    EXPECT_EQ(program_of("sel:\n  - Image: [a]\ncondition: (1 of sel*)").rules.at(0).nodes.size(),
              1U);
    EXPECT_EQ(program_of("sel:\n  Image: [a, a]\ncondition: not not sel").rules.at(0).nodes.size(),
              1U);
    EXPECT_EQ(program_of("sel:\n  Image|neq: a\ncondition: not sel").rules.at(0).nodes.size(), 1U);
}

TEST(Compile, TakesCustomFieldsAndMakesAnIdOutOfATitle) {
    const std::string text =
        without(rule_text(kSimple), "id: 0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00\n") +
        "our_own: {a: [1, 2]}\nregression_tests_path: x\n";

    const Compiled first = compile_text(text);
    const Compiled second = compile_text(text);

    ASSERT_EQ(first.programs.size(), 1U);
    EXPECT_EQ(first.programs, second.programs);
    ASSERT_EQ(first.messages.size(), 1U);
    EXPECT_EQ(first.messages[0].reason, "no-id");
    EXPECT_TRUE(has(first.messages[0].text, first.programs[0].rules[0].id));
}

TEST(Place, NamesFileLineAndColumnOfTheValue) {
    const CompileMessage message =
        refusal_of(rule_text("sel:\n  Image|re:\n    - 'a'\n    - '(b'\ncondition: sel"));

    EXPECT_EQ(message.file, "rules/a.yml");
    EXPECT_EQ(message.line, 11U);
    EXPECT_EQ(message.column, 9U);
    EXPECT_TRUE(message.to_string().starts_with("rules/a.yml:11:9: error: "))
        << message.to_string();
}
TEST(Place, NamesTheKeyOfAField) {
    const CompileMessage message = refused_item("Imege: x");

    EXPECT_EQ(message.line, 9U);
    EXPECT_EQ(message.column, 5U);
    EXPECT_EQ(message.reason, "unknown-field");
    EXPECT_TRUE(has(message.text, "did you mean 'Image'?")) << message.text;
}
TEST(Place, NamesWhatTheYamlReaderRefuses) {
    const CompileMessage message = refusal_of("title: a\ntitle: b\n");

    EXPECT_EQ(message.reason, "bad-yaml");
    EXPECT_EQ(message.line, 2U);
    EXPECT_EQ(message.column, 1U);
}
TEST(Place, NamesTheCharacterOfACondition) {
    const CompileMessage message = refusal_of(rule_text("sel:\n  Image: a\ncondition: sel and x"));

    EXPECT_EQ(message.line, 10U);
    EXPECT_TRUE(has(message.text, "character 9")) << message.text;
}
TEST(Place, TellsEveryMistakeAndNotTheFirstAlone) {
    const Compiled compiled = compile_text(
        with(rule_text("sel:\n  Imege: x\n  Image|foo: y\ncondition: sel"), "low", "lower"));

    EXPECT_EQ(compiled.messages.size(), 3U);
}

TEST(Refusal, SaysWhatAModifierCannotDo) {
    EXPECT_EQ(refused_item("Image|expand: '%x%'").reason, "placeholder");
    EXPECT_EQ(refused_item("Image|hour: 3").reason, "time-modifier");
    EXPECT_TRUE(has(refused_item("Image|contain: x").text, "did you mean 'contains'?"));
    for (const char* key :
         {"Image|contains|startswith", "Image|contains|contains", "Image|re|contains",
          "Image|re|cased", "Image|i", "Image|cidr|contains", "Image|wide|contains",
          "Image|base64|wide|contains", "Image|base64|base64offset", "Image|base64|windash",
          "Image|lt|gt", "Image|exists|all", "'|exists'", "'|fieldref'", "Image|wide|utf16|base64",
          "Image|a|b|c|d|e|f|g|h|i"}) {
        EXPECT_EQ(refused_item(std::string(key) + ": x").reason, "bad-modifiers") << key;
    }
    EXPECT_EQ(refused_item("Image|: x").reason, "unknown-modifier");
}
TEST(Refusal, SaysWhatAValueCannotBe) {
    for (const char* item :
         {"Image|contains: null", "Image|re: null", "Image: {a: b}", "Image: [[a]]",
          "Image|exists: maybe", "Image|exists: [true]", "Image|lt: '1.5'", "Image|lt: 'a'",
          "Image|gt: 9223372036854775808", "Image|cidr: 10.0.0.1/8", "Image|cidr: 10.0.0.0/33",
          "Image|cidr: 10.*", "Image|cidr: 10.0.0.0/-1", "Image|base64: 'a*'",
          "Image|cidr: '10.0.0.0/'", "Image|fieldref: null"}) {
        EXPECT_EQ(refused_item(item).reason, "bad-value") << item;
    }
    for (const char* item : {"Image|contains: ''", "Image|startswith: ''", "'|contains': '*'",
                             "Image|base64offset|contains: 'a'", "Image|base64: ''"}) {
        EXPECT_EQ(refused_item(item).reason, "empty-value") << item;
    }
    EXPECT_EQ(refused_item("Image: []").reason, "empty-list");
    EXPECT_EQ(refused_item("Image|fieldref: Nothing").reason, "unknown-field");
    EXPECT_EQ(refused_item("'': x").reason, "unknown-field");
}
TEST(Refusal, SaysWhatARegexCannotDoAndWhatToWriteInstead) {
    for (const char* pattern :
         {"a(?=b)", "(?!b)a", "(?<=a)b", "(?<!a)b", "(?>a)b", "(?<n>a)", "(a)\\1", "a*+", "a++"}) {
        const CompileMessage message = refused_item("Image|re: '" + std::string(pattern) + "'");
        EXPECT_EQ(message.reason, "regex-unsupported") << pattern << ": " << message.text;
        EXPECT_TRUE(has(message.text, "; ")) << message.text;
    }
    EXPECT_EQ(refused_item("Image|re: '(a'").reason, "bad-regex");
    EXPECT_EQ(refused_item("Image|re: '[b-a]'").reason, "bad-regex");
    EXPECT_EQ(refused_item("Image|re: 'a{1001}'").reason, "too-large");
    EXPECT_EQ(refused_item("Image|re: '((a{100}){100}){100}'").reason, "too-large");
    EXPECT_EQ(refused_item("Image|re: '" + std::string(5000, 'a') + "'").reason, "too-large");
}
TEST(Refusal, NamesWhatIsNoDetectionRule) {
    EXPECT_EQ(refusal_of("title: a\ncorrelation:\n  type: event_count\n").reason, "correlation");
    EXPECT_EQ(refusal_of("title: a\nlogsource: {}\nfilter: {rules: any}\n").reason, "filter");
    EXPECT_EQ(refusal_of("action: global\ntitle: a\n").reason, "collection");
    EXPECT_EQ(refusal_of("- a\n- b\n").reason, "not-a-rule");
    EXPECT_EQ(refusal_of(rule_text(kSimple) + "---\ntitle: second\n").reason, "bad-yaml");
    EXPECT_EQ(refusal_of("").reason, "bad-yaml");
    EXPECT_EQ(refusal_of("a: &x 1\nb: *x\n").reason, "bad-yaml");
}
TEST(Refusal, NamesWhatIsMissing) {
    const std::string text = rule_text(kSimple);
    EXPECT_EQ(refusal_of(without(text, "title: A test\n")).reason, "bad-metadata");
    EXPECT_EQ(refusal_of(with(text, "logsource", "logsources")).reason, "no-logsource");
    EXPECT_TRUE(has(refusal_of(with(text, "detection", "detections")).text, "did you mean"));
    EXPECT_EQ(refusal_of(with(text, "condition", "conditions")).reason, "no-condition");
    EXPECT_EQ(refusal_of(rule_text("sel:\n  Image: a")).reason, "no-condition");
    EXPECT_EQ(refusal_of(rule_text("sel:\ncondition: sel")).reason, "empty-detection");
    EXPECT_EQ(refusal_of(rule_text("sel: {}\ncondition: sel")).reason, "empty-detection");
    EXPECT_EQ(refusal_of(rule_text("sel: []\ncondition: sel")).reason, "empty-detection");
    EXPECT_EQ(refusal_of(rule_text("k: [null]\ncondition: k")).reason, "bad-value");
    EXPECT_EQ(refusal_of(rule_text("k: ['*']\ncondition: k")).reason, "empty-value");
    EXPECT_EQ(refusal_of(rule_text("and:\n  Image: a\ncondition: 1 of *")).reason, "bad-name");
}
TEST(Refusal, NamesTheContractsThatAreNear) {
    const CompileMessage message =
        refusal_of(with(rule_text(kSimple), "product: windows", "product: linux"));

    EXPECT_EQ(message.reason, "no-contract");
    EXPECT_EQ(message.line, 4U);
    EXPECT_TRUE(has(message.text, "product windows, category process_creation")) << message.text;
}
TEST(Refusal, ChecksWhatTheRuleSaysOfItself) {
    const std::string text = rule_text(kSimple);
    EXPECT_EQ(refusal_of(with(text, "level: low", "level: lower")).line, 3U);
    EXPECT_EQ(refusal_of(with(text, "id: 0f", "id: 0g")).reason, "bad-metadata");
    EXPECT_EQ(refusal_of(with(text, "title: A test", "title: [a]")).reason, "bad-metadata");
    EXPECT_EQ(refusal_of(with(text, "title: A test", "title: \"a\\nb\"")).reason, "bad-metadata");
    EXPECT_EQ(refusal_of("status: new\n" + text).reason, "bad-metadata");
    EXPECT_EQ(refusal_of("taxonomy: ecs\n" + text).reason, "taxonomy");
}
TEST(Refusal, TakesNeitherOfTwoRulesWithOneId) {
    const std::string other = rule_text("sel:\n  Image: b\ncondition: sel");

    const Compiled compiled = compile_against(
        {{"b.yml", other}, {"a.yml", rule_text(kSimple)}, {"c.yml", rule_text(kSimple, kId2)}},
        test_contracts());

    EXPECT_EQ(compiled.rules_compiled, 1U);
    ASSERT_EQ(compiled.messages.size(), 2U);
    EXPECT_EQ(compiled.messages[0].to_string(),
              "a.yml:1: error: the id 0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00 is also that of "
              "b.yml:1; give one of them a new id");
    EXPECT_EQ(compiled.programs.at(0).rules.at(0).id, kId2);
}

TEST(Warning, NamesADetectionNobodySpeaksOf) {
    const Compiled compiled =
        compile_text(rule_text("sel:\n  Image: a\nforgotten:\n  Image: b\ncondition: sel"));

    EXPECT_EQ(compiled.rules_compiled, 1U);
    ASSERT_EQ(compiled.messages.size(), 1U);
    EXPECT_FALSE(compiled.messages[0].error);
    EXPECT_EQ(compiled.messages[0].reason, "unused-detection");
    EXPECT_EQ(compiled.messages[0].line, 10U);
    EXPECT_EQ(compiled.programs.at(0).predicates.size(), 1U);
}
TEST(Warning, NamesAValueThatANumberNeverIs) {
    const Compiled compiled = compile_text(rule_text("sel:\n  ProcessId: abc\ncondition: sel"));

    ASSERT_EQ(compiled.messages.size(), 1U);
    EXPECT_EQ(compiled.messages[0].reason, "not-integer");
}

// ---- What a hostile rule gets: a refusal, in little time and memory. ----

std::string list_of(std::size_t count, const std::string& value) {
    std::string list = "[";
    for (std::size_t i = 0; i < count; ++i) {
        list += (i > 0 ? "," : "") + ("'" + value + std::to_string(i) + "'");
    }
    return list + "]";
}

TEST(Limits, RefusesAListPastTheRulesNodes) {
    EXPECT_EQ(refused_item("Image: " + list_of(33'000, "v")).reason, "too-large");
}
TEST(Limits, TakesALongList) {
    EXPECT_EQ(
        program_of("sel:\n  Image: " + list_of(3'000, "v") + "\ncondition: sel").predicates.size(),
        3'000U);
}
TEST(Limits, RefusesABombOfDashes) {
    EXPECT_EQ(refused_item("Image|windash: '-a -b -c -d -e -f'").reason, "too-large");
    EXPECT_EQ(refused_item("Image|windash: " + list_of(11, "-a -b -c -d -e ")).reason, "too-large");
    const std::string long_value = "-a -b -c -d -e " + std::string(60'000, 'x');
    EXPECT_EQ(refused_item("Image|windash: '" + long_value + "'").reason, "too-large");
}
TEST(Limits, RefusesALongValueAndItsEncodings) {
    EXPECT_EQ(refused_item("Image: '" + std::string(65'537, 'x') + "'").reason, "too-large");
    EXPECT_EQ(
        refused_item("Image|wide|base64offset|contains: '" + std::string(30'000, 'x') + "'").reason,
        "too-large");
}
TEST(Limits, RefusesManyRegexes) {
    EXPECT_EQ(refused_item("Image|re: " + list_of(1001, "a")).reason, "too-large");
}
TEST(Limits, RefusesAConditionThatMultipliesADetection) {
    std::string condition = "sel";
    for (int i = 0; i < 100; ++i) condition += " or (sel and not sel)";
    EXPECT_EQ(
        refusal_of(rule_text("sel:\n  Image: " + list_of(1000, "v") + "\ncondition: " + condition))
            .reason,
        "too-large");
}
TEST(Limits, RefusesADeepDocument) {
    EXPECT_EQ(refused_item("Image: " + std::string(1000, '[')).reason, "bad-yaml");
    EXPECT_EQ(refused_item("Image: " + std::string(20, '[') + std::string(20, ']')).reason,
              "bad-yaml");
}
TEST(Limits, SaysNotMoreThanAScreenful) {
    std::string items;
    for (int i = 0; i < 1000; ++i) items += "  f" + std::to_string(i) + ": x\n";
    const Compiled compiled = compile_text(rule_text("sel:\n" + items + "condition: sel"));
    EXPECT_EQ(compiled.rules_compiled, 0U);
    EXPECT_LE(compiled.messages.size(), 50U);
}
TEST(Limits, ShowsNoControlCharactersOfARule) {
    const CompileMessage message = refused_item("\"I\\u0007\\e[31mmage\": x");
    EXPECT_TRUE(std::ranges::all_of(message.text, [](char c) { return c >= ' ' && c <= '~'; }));
}

}  // namespace
}  // namespace firebreak::sigma
