#include "core/base/json.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

TEST(ParseJson, ReadsEveryKindOfValue) {
    const Result<json::value> value = parse_json(
        " {\"a\": [1, -2, 3.5, 1e3, 18446744073709551615], \"b\": {\"c\": null, \"d\": [true, "
        "false]},"
        " \"\": \"\\u00eb\\uD83D\\uDE00\\n\"} ");

    ASSERT_TRUE(value) << value.error().to_string();
    EXPECT_EQ(value->at("a").as_array().at(0), json::value(1));
    EXPECT_TRUE(value->at("a").as_array().at(4).is_uint64());
    EXPECT_TRUE(value->at("b").at("c").is_null());
    EXPECT_EQ(value->at("").as_string(), "\xC3\xAB\xF0\x9F\x98\x80\n");
}

TEST(ParseJson, KeepsMembersInTheirOrder) {
    const Result<json::value> value = parse_json("{\"z\":1,\"a\":2,\"m\":3}");

    ASSERT_TRUE(value);
    std::string order;
    for (const auto& [name, member] : value->as_object()) order += std::string(name);
    EXPECT_EQ(order, "zam");
}

TEST(ParseJson, RefusesAMemberNamedTwiceHoweverItIsSpelled) {
    for (const char* text : {"{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
                             "[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", "{\"\":1,\"\":2}"}) {
        const Result<json::value> value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error(), Errc::kMalformed);
        EXPECT_NE(value.error().context().find("duplicate"), std::string::npos);
    }
    EXPECT_TRUE(parse_json("[{\"a\":1},{\"a\":2},{\"b\":{\"a\":3}}]"));
}

TEST(ParseJson, RefusesWhatRfc8259DoesNotHave) {
    for (const char* text :
         {"",         " ",         "{",       "[1,]",   "{\"a\":1,}", "[1 2]",
          "{a:1}",    "{'a':1}",   "// x\n1", "1 // x", "/**/1",      "NaN",
          "Infinity", "-",         "+1",      "01",     "1.",         ".5",
          "0x1",      "1e",        "tru",     "nul",    "\"a",        "\"\t\"",
          "\"\\x\"",  "\"\\u12\"", "1 1",     "{} {}",  "[]]",        "\xEF\xBB\xBF{}"}) {
        const Result<json::value> value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error(), Errc::kMalformed) << text;
    }
    EXPECT_FALSE(parse_json(std::string_view("1\0", 2)));
}

TEST(ParseJson, RefusesWhatIsNotUtf8) {
    for (const char* text : {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xE2\x82\"",
                             "\"\\uD800\"", "\"\\uDC00\\uD800\"", "{\"\xFF\":1}"}) {
        EXPECT_FALSE(parse_json(text)) << text;
    }
}

TEST(ParseJson, RefusesNumbersPastWhatADoubleHolds) {
    for (const char* text : {"1e400", "-1e400", "[1, 1e999999]"}) {
        const Result<json::value> value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error(), Errc::kMalformed);
    }
    EXPECT_TRUE(parse_json("1e-400"));
    EXPECT_TRUE(parse_json("1e308"));
}

TEST(ParseJson, KeepsToItsCaps) {
    const Result<json::value> deep = parse_json("[[[1]]]", {.depth_max = 2});
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error(), Errc::kTooLarge);
    EXPECT_TRUE(parse_json("[[[1]]]", {.depth_max = 3}));

    const Result<json::value> large = parse_json("[1,2]", {.bytes_max = 4});
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error(), Errc::kTooLarge);
    EXPECT_TRUE(parse_json("[1,2]", {.bytes_max = 5}));
}

TEST(ParseJson, SurvivesNestingThatWouldExhaustTheStack) {
    const Result<json::value> value = parse_json(std::string(1'000'000, '['));

    ASSERT_FALSE(value);
    EXPECT_EQ(value.error(), Errc::kTooLarge);
}

TEST(ParseJson, SaysWhereItFailed) {
    std::size_t at = 0;
    EXPECT_FALSE(parse_json("[1, nope]", {}, at));
    EXPECT_EQ(at, 4U);
    EXPECT_FALSE(parse_json("{} x", {}, at));
    EXPECT_EQ(at, 3U);
}

TEST(PrettyJson, IndentsByTwoAndReadsBack) {
    const json::value value = {{"a", json::array{1, json::object{{"b", nullptr}}}},
                               {"empty", json::object{}},
                               {"none", json::array{}},
                               {"text", "line\n\"quoted\""}};

    const std::string text = pretty_json(value);

    EXPECT_EQ(text,
              "{\n"
              "  \"a\": [\n"
              "    1,\n"
              "    {\n"
              "      \"b\": null\n"
              "    }\n"
              "  ],\n"
              "  \"empty\": {},\n"
              "  \"none\": [],\n"
              "  \"text\": \"line\\n\\\"quoted\\\"\"\n"
              "}\n");
    EXPECT_EQ(parse_json(text), value);
}

class JsonObjectTest : public ::testing::Test {
protected:
    json::value value_ = {{"text", "x"},
                          {"number", 7},
                          {"fraction", 1.5},
                          {"truth", true},
                          {"list", json::array{"a", "b"}},
                          {"mixed", json::array{"a", 1}},
                          {"inner", json::object{{"x", 1}}}};
    JsonObject object_ = *JsonObject::of(value_, "plan");
};

TEST_F(JsonObjectTest, ReadsMembersOfTheirTypes) {
    EXPECT_EQ(object_.string("text"), "x");
    EXPECT_EQ(object_.integer("number", 0, 7), 7);
    EXPECT_EQ(object_.number("fraction"), 1.5);
    EXPECT_EQ(object_.number("number"), 7.0);
    EXPECT_EQ(object_.boolean("truth"), true);
    EXPECT_EQ(object_.strings("list"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(object_.object("inner")->integer("x", 0, 1), 1);
    EXPECT_EQ((*object_.array("list"))->size(), 2U);
    EXPECT_TRUE(object_.has("text"));
    EXPECT_FALSE(object_.has("nothing"));
}

TEST_F(JsonObjectTest, SaysTheMemberThatIsMissingOrOfAnotherType) {
    const auto expect_named = [](const auto& result, std::string_view path) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error(), Errc::kMalformed);
        EXPECT_EQ(result.error().context().substr(0, path.size() + 1), std::string(path) + ":");
    };
    for (const char* name : {"nothing", "inner"}) {
        const std::string path = "plan." + std::string(name);
        expect_named(object_.string(name), path);
        expect_named(object_.integer(name, 0, 9), path);
        expect_named(object_.number(name), path);
        expect_named(object_.boolean(name), path);
        expect_named(object_.array(name), path);
        expect_named(object_.strings(name), path);
    }
    expect_named(object_.object("text"), "plan.text");
    expect_named(object_.object("nothing"), "plan.nothing");
    expect_named(object_.strings("mixed"), "plan.mixed");
    expect_named(object_.object("inner")->string("x"), "plan.inner.x");
    expect_named(JsonObject::of(json::value(1), "plan"), "plan");
}

TEST_F(JsonObjectTest, HoldsIntegersToTheirRange) {
    EXPECT_FALSE(object_.integer("number", 8, 9));
    EXPECT_FALSE(object_.integer("number", 0, 6));
    EXPECT_FALSE(object_.integer("fraction", 0, 9));
    EXPECT_EQ(object_.integer("number", 8, 9).error().context(),
              "plan.number: must be an integer from 8 to 9");
    value_.as_object()["number"] = UINT64_MAX;
    EXPECT_FALSE(object_.integer("number", INT64_MIN, INT64_MAX));
}

}  // namespace
}  // namespace firebreak
