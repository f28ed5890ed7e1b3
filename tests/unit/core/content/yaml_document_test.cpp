#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/content/document.hpp"

namespace firebreak::content {
namespace {

/// The message for a text that must be refused as malformed.
std::string refusal(std::string_view text, DocumentLimits limits = {}) {
    const Result<Document> document = read_yaml("x.yaml", text, limits);
    EXPECT_FALSE(document) << text;
    if (document) return "";
    EXPECT_EQ(document.error(), Errc::kMalformed) << document.error().to_string();
    return document.error().context();
}

TEST(ReadYaml, ReadsAnOrdinaryDocumentWithItsPlaces) {
    const Result<Document> document = read_yaml("plan.yaml",
                                                "# a comment\n"
                                                "name: lab\n"
                                                "rings:\n"
                                                "  - name: 'canary'\n"
                                                "    window: {start: 3, max: 5}\n"
                                                "  - name: \"br\\u006fad\"\n"
                                                "empty:\n"
                                                "notes: |\n"
                                                "  true\n");

    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(
        json::value(document->value),
        (json::value{
            {"name", "lab"},
            {"rings", json::array{json::object{{"name", "canary"},
                                               {"window", json::object{{"start", 3}, {"max", 5}}}},
                                  json::object{{"name", "broad"}}}},
            {"empty", nullptr},
            {"notes", "true\n"}}));
    EXPECT_EQ(document->place_of("/name"), "plan.yaml:2:1");
    EXPECT_EQ(document->place_of("/rings/0"), "plan.yaml:4:5");
    EXPECT_EQ(document->place_of("/rings/0/window/max"), "plan.yaml:5:24");
    EXPECT_EQ(document->place_of("/rings/1/name"), "plan.yaml:6:5");
}

TEST(ReadYaml, PlacesWhatIsNotThereAtTheNearestPartThatIs) {
    const Result<Document> document = read_yaml("x.yaml", "a:\n  b: 1\n");

    ASSERT_TRUE(document);
    EXPECT_EQ(document->place_of("/a/b/c/d"), "x.yaml:2:3");
    EXPECT_EQ(document->place_of("/z"), "x.yaml:1:1");
}

TEST(ReadYaml, KeepsPlainScalarsAsWrittenWhenAskedTo) {
    const Result<Document> document =
        read_yaml("x.yaml", "[010, 1.0, 0x1F, true, yes, -5, .inf, ~, null, '', 'null', 1_0]", {},
                  PlainScalars::kText);

    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(json::value(document->value),
              (json::array{"010", "1.0", "0x1F", "true", "yes", "-5", ".inf", nullptr, nullptr, "",
                           "null", "1_0"}));
}

TEST(ReadYaml, EscapesKeysInPointers) {
    const Result<Document> document = read_yaml("x.yaml", "a/b:\n  c~d: 1\n");

    ASSERT_TRUE(document);
    EXPECT_EQ(document->place_of("/a~1b/c~0d"), "x.yaml:2:3");
}

TEST(ReadYaml, CountsLinesOfEveryLineEnding) {
    const Result<Document> document = read_yaml("x.yaml", "a: 1\r\nb: 2\r\nc: 3\n");

    ASSERT_TRUE(document);
    EXPECT_EQ(document->place_of("/c"), "x.yaml:3:1");
}

TEST(ReadYaml, TakesAByteOrderMark) {
    const Result<Document> document = read_yaml("x.yaml",
                                                "\xEF\xBB\xBF"
                                                "a: 1\n");

    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(document->value, (json::value{{"a", 1}}));
}

TEST(ReadYaml, RefusesAKeyThatIsThereTwice) {
    EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "x.yaml:3:1: the key 'a' is there twice");
    EXPECT_EQ(refusal("x: {a: 1, 'a': 2}\n"), "x.yaml:1:11: the key 'a' is there twice");
}

TEST(ReadYaml, RefusesAnchorsAliasesAndMergeKeys) {
    EXPECT_NE(refusal("a: &x 1\nb: *x\n").find("anchors"), std::string::npos);
    EXPECT_NE(refusal("&x a: 1\n").find("anchors"), std::string::npos);
    EXPECT_NE(refusal("a: &x [1]\n").find("anchors"), std::string::npos);
    EXPECT_NE(refusal("<<: {a: 1}\n").find("merge keys"), std::string::npos);
    EXPECT_FALSE(refusal("b: *x\n").empty());
}

TEST(ReadYaml, RefusesTheBillionLaughsBeforeTheFirstOne) {
    EXPECT_EQ(refusal("a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n"),
              "x.yaml:1:4: anchors (&name) are not allowed; write it out");
}

TEST(ReadYaml, RefusesTags) {
    for (const char* text : {"a: !!str 1\n", "a: !foo 1\n", "a: !!set {b}\n", "a: ! [b]\n",
                             "!!map {a: 1}\n", "!<tag:yaml.org,2002:str> a: 1\n"}) {
        EXPECT_NE(refusal(text).find("tags"), std::string::npos) << text;
    }
}

TEST(ReadYaml, RefusesASecondDocument) {
    EXPECT_NE(refusal("a: 1\n---\nb: 2\n").find("x.yaml:2:1: a second document"),
              std::string::npos);
    EXPECT_FALSE(refusal("a: 1\n---\n").empty());
    EXPECT_FALSE(refusal("a: 1\n...\nb: 2\n").empty());
    EXPECT_TRUE(read_yaml("x.yaml", "---\na: 1\n...\n"));
}

TEST(ReadYaml, RefusesKeysThatAreNoText) {
    for (const char* text : {"1: a\n", "true: a\n", "null: a\n", "~: a\n", "1.5: a\n", ": a\n",
                             "? [a]\n: b\n", "? {a: b}\n: c\n"}) {
        EXPECT_NE(refusal(text).find("a key must be text"), std::string::npos) << text;
    }
    EXPECT_TRUE(read_yaml("x.yaml", "'1': a\n\"true\": b\n\"<<\": c\n"));
}

TEST(ReadYaml, RefusesControlCharactersHoweverTheyAreWritten) {
    EXPECT_EQ(refusal("a: 1\nb: \x1b[2J\n"), "x.yaml:2:4: a control character");
    EXPECT_NE(refusal("a: \"x\\0y\"\n").find("NUL"), std::string::npos);
    EXPECT_NE(refusal("\"a\\e[2J\": 1\n").find("control characters"), std::string::npos);
    EXPECT_FALSE(refusal(std::string_view("a: \0\n", 5)).empty());
}

TEST(ReadYaml, RefusesEscapesThatYamlCppGetsWrong) {
    // Found by fuzzing: the result would not be UTF-8, and no JSON.
    EXPECT_NE(refusal("a: \"x\\Ny\"\n").find("not UTF-8"), std::string::npos);
    EXPECT_NE(refusal("\"\\_\": 1\n").find("not UTF-8"), std::string::npos);
    EXPECT_TRUE(read_yaml("x.yaml", "a: \"\\u0085\\x85\\L\\P\"\n"));
}

TEST(ReadYaml, RefusesOtherEncodings) {
    EXPECT_EQ(refusal("a: \xFF\n"), "x.yaml: not UTF-8; save it as UTF-8");
    EXPECT_FALSE(refusal("\xFF\xFE"
                         "a")
                     .empty());
    EXPECT_FALSE(refusal(std::string_view("\xFE\xFF\0a", 4)).empty());
}

TEST(ReadYaml, RefusesAmbiguousNumbersAtTheirPlace) {
    EXPECT_EQ(refusal("mode: 0755\n").substr(0, 21), "x.yaml:1:7: the numbe");
}

TEST(ReadYaml, RefusesAnEmptyFile) {
    EXPECT_EQ(refusal(""), "x.yaml: is empty");
    EXPECT_EQ(refusal("# nothing\n"), "x.yaml: is empty");
}

TEST(ReadYaml, TurnsWhatYamlCppThrowsIntoAPlacedError) {
    for (const char* text : {"a: [1, 2\n", "a: 'x\n", "a: b: c\n", "\t- a\n", "a: {b\n", "%FOO\n",
                             "- a\nb\n", "a: |x\n", "%YAML 9.9\n---\na: 1\n"}) {
        const Result<Document> document = read_yaml("x.yaml", text);
        if (document) continue;  // yaml-cpp takes some of them; that it survives is the point.
        EXPECT_EQ(document.error(), Errc::kMalformed) << text;
        EXPECT_EQ(document.error().context().substr(0, 7), "x.yaml:") << text;
    }
    EXPECT_FALSE(read_yaml("x.yaml", "a: [1, 2\n"));
}

TEST(ReadYaml, KeepsToItsCaps) {
    const auto too_large = [](std::string_view text, DocumentLimits limits) {
        const Result<Document> document = read_yaml("x.yaml", text, limits);
        return !document && document.error() == Errc::kTooLarge;
    };
    EXPECT_TRUE(too_large("a: 12345\n", {.bytes_max = 8}));
    EXPECT_TRUE(too_large("[[[1]]]\n", {.depth_max = 2}));
    EXPECT_FALSE(too_large("[[[1]]]\n", {.depth_max = 3}));
    EXPECT_TRUE(too_large("[1, 2, 3]\n", {.nodes_max = 3}));
    EXPECT_FALSE(too_large("[1, 2, 3]\n", {.nodes_max = 4}));
}

TEST(ReadYaml, SurvivesNestingThatWouldExhaustTheStack) {
    EXPECT_FALSE(read_yaml("x.yaml", std::string(100'000, '[')));
    EXPECT_FALSE(read_yaml("x.yaml", std::string(100'000, '{')));
    std::string dashes;
    for (int i = 0; i < 2'000; ++i) dashes += "- ";
    EXPECT_FALSE(read_yaml("x.yaml", dashes));
}

TEST(ReadYaml, RefusesLongKeysOverManyValues) {
    // Each pointer would hold the key again: a quarter of a megabyte would become gigabytes.
    std::string text = std::string(900, 'k') + ": [";
    for (int i = 0; i < 50'000; ++i) text += "1,";
    text += "1]\n";

    const Result<Document> document = read_yaml("x.yaml", text);

    ASSERT_FALSE(document);
    EXPECT_EQ(document.error(), Errc::kTooLarge);
}

}  // namespace
}  // namespace firebreak::content
