// Each modifier as its author means it, from YAML to what the reference evaluator says.

#include <gtest/gtest.h>

#include "tests/unit/sensor/sigma/compiler/rule_text.hpp"

namespace firebreak::sigma {
namespace {

using std::string;

bool command(const string& item, const string& value) {
    return item_matches(item, {.command_line = value});
}

TEST(Modifiers, ComparesWholeTextsWithoutRegardToCase) {
    EXPECT_TRUE(command("CommandLine: 'CMD.exe'", "cmd.EXE"));
    EXPECT_FALSE(command("CommandLine: 'cmd.exe'", "cmd.exe "));
    EXPECT_FALSE(item_matches("CommandLine: 'cmd.exe'", {}));
}
TEST(Modifiers, FindsFieldsWithoutRegardToCase) {
    EXPECT_EQ(predicate_of("commandline: x").field, 1U);
}
TEST(Modifiers, ContainsStartsWithEndsWith) {
    EXPECT_TRUE(command("CommandLine|contains: ' -E '", "a -e b"));
    EXPECT_TRUE(command("CommandLine|startswith: 'C:\\'", "c:\\x"));
    EXPECT_FALSE(command("CommandLine|startswith: 'x'", "c:\\x"));
    EXPECT_TRUE(command("CommandLine|endswith: '\\x.exe'", "c:\\X.exe"));
    EXPECT_FALSE(command("CommandLine|endswith: '\\x.exe'", "c:\\x.exe "));
}
TEST(Modifiers, KeepsWildcardsBelowAModifier) {
    EXPECT_TRUE(command("CommandLine|contains: 'a*b?d'", "xx aZZZbcd yy"));
    EXPECT_FALSE(command("CommandLine|contains: 'a*b?d'", "xx aZZZbd yy"));
    EXPECT_TRUE(command("CommandLine|endswith: 'a\\*'", "xa*"));
    EXPECT_FALSE(command("CommandLine|endswith: 'a\\*'", "xab"));
}
TEST(Modifiers, DoesNotLetABackslashAtTheEndEscapeTheModifiersWildcard) {
    EXPECT_TRUE(command("CommandLine|contains: '\\Temp\\'", "c:\\temp\\a"));
}
TEST(Modifiers, LinksAListWithOrAndAllWithAnd) {
    EXPECT_TRUE(command("CommandLine|contains: ['a', 'b']", "b"));
    EXPECT_FALSE(command("CommandLine|contains|all: ['a', 'b']", "b"));
    EXPECT_TRUE(command("CommandLine|contains|all: ['a', 'b']", "ba"));
    EXPECT_TRUE(command("CommandLine|all|contains: ['a', 'b']", "ba"));
}
TEST(Modifiers, CasedTellsCasesApart) {
    EXPECT_TRUE(command("CommandLine|contains|cased: 'Ab'", "xAbx"));
    EXPECT_FALSE(command("CommandLine|contains|cased: 'Ab'", "xabx"));
    EXPECT_FALSE(command("CommandLine|cased: 'A*b'", "ab"));
}
TEST(Modifiers, NeqIsNoneOfTheValues) {
    EXPECT_TRUE(command("CommandLine|neq: 'a'", "b"));
    EXPECT_FALSE(command("CommandLine|neq: 'a'", "A"));
    EXPECT_FALSE(command("CommandLine|neq: ['a', 'b']", "b"));
    EXPECT_TRUE(command("CommandLine|neq: ['a', 'b']", "c"));
    EXPECT_TRUE(item_matches("CommandLine|neq: 'a'", {}));
}
TEST(Modifiers, RegexIsFoundAnywhereAndTellsCasesApart) {
    EXPECT_TRUE(command("CommandLine|re: 'b+c'", "abbcd"));
    EXPECT_FALSE(command("CommandLine|re: 'B+c'", "abbcd"));
    EXPECT_TRUE(command("CommandLine|re|i: 'B+c'", "abbcd"));
    EXPECT_TRUE(command("CommandLine|re|m: '^b$'", "a\nb\nc"));
    EXPECT_FALSE(command("CommandLine|re: '^b$'", "a\nb\nc"));
    EXPECT_TRUE(command("CommandLine|re|s: 'a.b'", "a\nb"));
    EXPECT_FALSE(command("CommandLine|re: 'a.b'", "a\nb"));
    EXPECT_EQ(predicate_of("CommandLine|re|s|i|m: 'x'").text, "(?ims)x");
}
TEST(Modifiers, RegexTakesBackslashesAsTheyAre) {
    EXPECT_TRUE(command("CommandLine|re: '\\\\\\\\a\\*\\d'", "\\\\a*7"));
}
TEST(Modifiers, RegexTakesAListWithAll) {
    EXPECT_TRUE(command("CommandLine|re|all: ['a', 'b']", "ba"));
    EXPECT_FALSE(command("CommandLine|re|all: ['a', 'b']", "b"));
}
TEST(Modifiers, CidrKnowsBothFamilies) {
    const auto address = [](const string& network, const string& value) {
        return item_matches("SourceIp|cidr: " + network, {.source_ip = value});
    };
    EXPECT_TRUE(address("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(address("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(address("0.0.0.0/0", "1.2.3.4"));
    EXPECT_FALSE(address("0.0.0.0/0", "::1"));
    EXPECT_TRUE(address("'fe80::/10'", "febf::1"));
    EXPECT_TRUE(address("'::1'", "::1"));
    EXPECT_TRUE(address("'fe80::/10'", "fe80::1%eth0"));
    EXPECT_TRUE(address("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_TRUE(address("'::ffff:10.0.0.0/104'", "10.1.2.3"));
    EXPECT_TRUE(address("192.168.1.1", "192.168.1.1"));
    EXPECT_FALSE(address("10.0.0.0/8", "10.0.0.1:80"));
    EXPECT_TRUE(address("['10.0.0.0/8', '127.0.0.0/8']", "127.0.0.1"));
}
TEST(Modifiers, Base64EncodesTheValue) {
    EXPECT_EQ(predicate_of("CommandLine|base64|contains: 'foobar'").text, "Zm9vYmFy");
    EXPECT_EQ(predicate_of("CommandLine|base64|contains: 'a\\*'").text, "YSo=");
    EXPECT_EQ(predicate_of("CommandLine|base64: 'f'").op, Op::kEquals);
}
TEST(Modifiers, Base64OffsetFindsAValueWhereverItLies) {
    // What of base64("xfoobary") and so on does not depend on the neighbours.
    const string item = "CommandLine|base64offset|contains: 'foobar'";
    EXPECT_TRUE(command(item, "Zm9vYmFy"));
    EXPECT_TRUE(command(item, "eGZvb2Jhcnk="));      // xfoobary
    EXPECT_TRUE(command(item, "eHhmb29iYXJ5eXl5"));  // xxfoobaryyyy
    EXPECT_FALSE(command(item, "eHhmb29xYXI="));     // xxfooqar
    EXPECT_EQ(program_of("sel:\n  " + item + "\ncondition: sel").predicates.size(), 3U);
}
TEST(Modifiers, WideComesBeforeBase64) {
    EXPECT_EQ(predicate_of("CommandLine|wide|base64|contains: 'IEX'").text, "SQBFAFgA");
    EXPECT_EQ(predicate_of("CommandLine|utf16le|base64|contains: 'IEX'").text, "SQBFAFgA");
    EXPECT_EQ(predicate_of("CommandLine|utf16be|base64|contains: 'IEX'").text, "AEkARQBY");
    EXPECT_EQ(predicate_of("CommandLine|utf16|base64|contains: 'IE'").text, "//5JAEUA");
    EXPECT_EQ(predicate_of("CommandLine|wide|base64|contains: '\U0001F600'").text, "PdgA3g==");
}
TEST(Modifiers, WindashKnowsFiveDashes) {
    const string item = "CommandLine|contains|windash: ' -enc'";
    for (const string dash : {"-", "/", "\u2013", "\u2014", "\u2015"}) {
        EXPECT_TRUE(command(item, "x " + dash + "ENC y")) << dash;
    }
    EXPECT_FALSE(command(item, "x _enc"));
    EXPECT_TRUE(command("CommandLine|windash|contains|all: [' -a', ' /b']", "x /a -b"));
}
TEST(Modifiers, ComparesNumbers) {
    const auto pid = [](const string& item, std::int64_t value) {
        return item_matches(item, {.process_id = value});
    };
    EXPECT_TRUE(pid("ProcessId|lt: 5", 4));
    EXPECT_FALSE(pid("ProcessId|lt: 5", 5));
    EXPECT_TRUE(pid("ProcessId|lte: 5", 5));
    EXPECT_TRUE(pid("ProcessId|gt: -5", 0));
    EXPECT_TRUE(pid("ProcessId|gte: 0x10", 16));
    EXPECT_FALSE(item_matches("ProcessId|gt: 5", {}));
}
TEST(Modifiers, ComparesANumberWithANumberAndWithText) {
    EXPECT_EQ(predicate_of("ProcessId: 010").integer, 10);
    EXPECT_EQ(predicate_of("ProcessId: '0x1F'").integer, 31);
    EXPECT_EQ(predicate_of("ProcessId: 4").op, Op::kIntegerEquals);
    EXPECT_EQ(predicate_of("ProcessId|startswith: 4").op, Op::kStartsWith);
    EXPECT_EQ(predicate_of("CommandLine: 010").text, "010");
    EXPECT_EQ(predicate_of("CommandLine: 1.0").text, "1.0");
    EXPECT_EQ(predicate_of("CommandLine: true").text, "true");
    EXPECT_TRUE(item_matches("ProcessId: 4", {.process_id = string("4")}));
}
TEST(Modifiers, TellsAbsentFromEmpty) {
    EXPECT_TRUE(item_matches("CommandLine: null", {}));
    EXPECT_TRUE(item_matches("CommandLine:", {}));
    EXPECT_FALSE(command("CommandLine: null", ""));
    EXPECT_TRUE(command("CommandLine: ''", ""));
    EXPECT_FALSE(item_matches("CommandLine: ''", {}));
    EXPECT_TRUE(command("CommandLine: [null, '']", ""));
    EXPECT_TRUE(command("CommandLine: 'null'", "null"));
}
TEST(Modifiers, TakesALoneAsteriskForAnyValue) {
    EXPECT_TRUE(command("CommandLine: '*'", ""));
    EXPECT_TRUE(command("CommandLine: '*'", "x"));
    EXPECT_FALSE(item_matches("CommandLine: '*'", {}));
    EXPECT_TRUE(command("CommandLine: '?'", "x"));
    EXPECT_FALSE(command("CommandLine: '?*'", ""));
}
TEST(Modifiers, ExistsAsksForPresence) {
    EXPECT_TRUE(command("CommandLine|exists: true", ""));
    EXPECT_FALSE(command("CommandLine|exists: false", ""));
    EXPECT_TRUE(item_matches("CommandLine|exists: 'false'", {}));
}
TEST(Modifiers, FieldReferenceComparesTwoFields) {
    const auto both = [](const string& item, const string& a, const string& b) {
        return item_matches(item, {.image = a, .command_line = b});
    };
    EXPECT_TRUE(both("CommandLine|fieldref: image", "A", "a"));
    EXPECT_FALSE(both("CommandLine|fieldref|cased: Image", "A", "a"));
    EXPECT_TRUE(both("CommandLine|fieldref|startswith: Image", "a", "a b"));
    EXPECT_TRUE(both("CommandLine|fieldref|endswith: Image", "b", "a b"));
    EXPECT_TRUE(both("CommandLine|contains|fieldref: Image", "b", "abc"));
    EXPECT_FALSE(both("CommandLine|fieldref|neq: Image", "A", "a"));
    EXPECT_FALSE(item_matches("CommandLine|fieldref: Image", {.command_line = string("")}));
}

TEST(Keywords, AreFoundInAnyField) {
    EXPECT_TRUE(matches("k:\n  - foo\n  - 'b*r'\ncondition: k", {.parent = string("xFOOx")}));
    EXPECT_TRUE(matches("k: [foo, 'b*r']\ncondition: k", {.parent = string("a bxr c")}));
    EXPECT_TRUE(matches("k: foo\ncondition: k", {.image = string("foo")}));
    EXPECT_FALSE(matches("k: [foo]\ncondition: k", {.image = string("fo"), .parent = string("o")}));
    EXPECT_TRUE(matches("k: [4711]\ncondition: k", {.process_id = std::int64_t{4711}}));
}
TEST(Keywords, TakeModifiersWithoutAField) {
    const string detection = "k:\n  '|all': [foo, bar]\ncondition: k";
    EXPECT_TRUE(matches(detection, {.image = string("foo"), .parent = string("bar")}));
    EXPECT_FALSE(matches(detection, {.image = string("foo")}));
    EXPECT_TRUE(matches("k:\n  '|re': 'fo+$'\ncondition: k", {.parent = string("xfoo")}));
    EXPECT_FALSE(matches("k:\n  '|startswith': foo\ncondition: k", {.parent = string("xfoo")}));
    EXPECT_FALSE(matches("k:\n  '|cased': Foo\ncondition: k", {.parent = string("xfoo")}));
}
TEST(Detections, LinkMapsWithAndAndListsOfMapsWithOr) {
    const string both = "sel:\n  Image: a\n  CommandLine: b\ncondition: sel";
    EXPECT_FALSE(matches(both, {.image = string("a")}));
    EXPECT_TRUE(matches(both, {.image = string("a"), .command_line = string("b")}));
    const string either =
        "sel:\n  - Image: a\n  - CommandLine: b\n    ParentImage: c\ncondition: sel";
    EXPECT_TRUE(matches(either, {.image = string("a")}));
    EXPECT_FALSE(matches(either, {.command_line = string("b")}));
    EXPECT_TRUE(matches("sel:\n  - foo\n  - Image: a\ncondition: sel", {.parent = string("foo")}));
}
TEST(Detections, ListOfConditionsIsAnyOfThem) {
    const string text = "a:\n  Image: a\nb:\n  Image: b\ncondition:\n  - a\n  - b";
    EXPECT_TRUE(matches(text, {.image = string("a")}));
    EXPECT_TRUE(matches(text, {.image = string("b")}));
    EXPECT_FALSE(matches(text, {.image = string("c")}));
}
TEST(Detections, FilterAwayWhatTheAuthorExcludes) {
    const string text =
        "selection:\n  Image|endswith: '\\a.exe'\nfilter_main_x:\n  CommandLine: null\n"
        "filter_main_y:\n  CommandLine|contains: ok\n"
        "condition: selection and not 1 of filter_main_*";
    EXPECT_TRUE(matches(text, {.image = string("c:\\a.exe"), .command_line = string("bad")}));
    EXPECT_FALSE(matches(text, {.image = string("c:\\a.exe"), .command_line = string("is ok")}));
    EXPECT_FALSE(matches(text, {.image = string("c:\\a.exe")}));
}

}  // namespace
}  // namespace firebreak::sigma
