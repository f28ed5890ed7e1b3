#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/content/document.hpp"

namespace firebreak::content {
namespace {

TEST(ReadJson, KnowsThePlaceOfEachPart) {
    const Result<Document> document = read_json("x.json",
                                                "{\n"
                                                "  \"a\": [1, {\"b\\\"]\": true}, []],\n"
                                                "  \"c\": {},\n"
                                                "  \"d\": \"}\\\\\", \"e/f\": -1.5e3\n"
                                                "}\n");

    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(document->place_of(""), "x.json:1:1");
    EXPECT_EQ(document->place_of("/a"), "x.json:2:3");
    EXPECT_EQ(document->place_of("/a/0"), "x.json:2:9");
    EXPECT_EQ(document->place_of("/a/1/b\"]"), "x.json:2:13");
    EXPECT_EQ(document->place_of("/a/2"), "x.json:2:28");
    EXPECT_EQ(document->place_of("/c"), "x.json:3:3");
    EXPECT_EQ(document->place_of("/d"), "x.json:4:3");
    EXPECT_EQ(document->place_of("/e~1f"), "x.json:4:15");
}

TEST(ReadJson, AgreesWithReadYamlOnPlaces) {
    constexpr std::string_view kText = "{\"a\": [1, {\"b\": null}], \"c\": \"d\"}";
    const Result<Document> json = read_json("x", kText);
    const Result<Document> yaml = read_yaml("x", kText);

    ASSERT_TRUE(json);
    ASSERT_TRUE(yaml);
    EXPECT_EQ(json->value, yaml->value);
    ASSERT_EQ(json->positions.size(), yaml->positions.size());
    for (const auto& [pointer, position] : json->positions) {
        EXPECT_EQ(json->place_of(pointer), yaml->place_of(pointer));
    }
}

TEST(ReadJson, ReadsASingleScalar) {
    const Result<Document> document = read_json("x.json", " 12 ");

    ASSERT_TRUE(document);
    EXPECT_EQ(document->value, json::value(12));
    EXPECT_EQ(document->place_of(""), "x.json:1:2");
}

TEST(ReadJson, PlacesAnErrorByLineAndColumn) {
    const Result<Document> document = read_json("x.json", "{\n  \"a\": nope\n}\n");

    ASSERT_FALSE(document);
    EXPECT_EQ(document.error(), Errc::kMalformed);
    EXPECT_EQ(document.error().context().substr(0, 9), "x.json:2:");
}

TEST(ReadJson, RefusesDuplicateNamesNulsAndControlCharactersInKeys) {
    for (const char* text : {"{\"a\": 1, \"a\": 2}", "{\"a\": \"x\\u0000y\"}", "[\"\\u0000\"]",
                             "{\"a\\u0000\": 1}", "{\"a\\u001b[2J\": 1}", "{\"\\u009b\": 1}"}) {
        const Result<Document> document = read_json("x.json", text);
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error(), Errc::kMalformed) << document.error().to_string();
        EXPECT_EQ(document.error().context().substr(0, 9), "x.json:1:");
    }
}

TEST(ReadJson, KeepsToItsCaps) {
    const auto too_large = [](std::string_view text, DocumentLimits limits) {
        const Result<Document> document = read_json("x.json", text, limits);
        return !document && document.error() == Errc::kTooLarge;
    };
    EXPECT_TRUE(too_large("[1, 2, 3]", {.bytes_max = 8}));
    EXPECT_TRUE(too_large("[[[1]]]", {.depth_max = 2}));
    EXPECT_TRUE(too_large("[1, 2, 3]", {.nodes_max = 3}));
    EXPECT_FALSE(too_large("[1, 2, 3]", {.nodes_max = 4}));
    EXPECT_TRUE(too_large("{\"abcdefgh\": [1, 2, 3]}", {.pointer_bytes_max = 30}));
}

}  // namespace
}  // namespace firebreak::content
