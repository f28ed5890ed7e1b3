// What holds for every file in schemas/.
#include <functional>
#include <gtest/gtest.h>

#include "core/base/file_store.hpp"
#include "core/content/schema.hpp"
#include "core/content/schema_explainer.hpp"
#include "tests/unit/core/content/schema_samples.hpp"

namespace firebreak::content {
namespace {

TEST(Schemas, EachHasASampleAndTakesIt) {
    std::vector<std::string> sampled;
    for (const Sample& sample : samples()) {
        sampled.push_back(sample.schema);
        const Result<void> checked = require_schema(sample.schema, yaml(sample.text));
        EXPECT_TRUE(checked) << checked.error().to_string();
    }
    EXPECT_EQ(sampled, schema_names());
}

/// Calls `visit` with each pointer of `value` and the value there, the root first.
void each_part(const json::value& value, const std::string& pointer,
               const std::function<void(const std::string&, const json::value&)>& visit) {
    visit(pointer, value);
    if (const json::object* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            each_part(member, pointer_to(pointer, name), visit);
        }
    } else if (const json::array* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            each_part((*array)[i], pointer_to(pointer, std::to_string(i)), visit);
        }
    }
}

TEST(Schemas, RefuseAnUnknownMemberInEveryObject) {
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            if (!part.is_object()) return;
            Document changed = whole;
            changed.value.at_pointer(pointer).as_object()["unknwon"] = 1;
            const SchemaIssue issue = first_issue(sample.schema, changed);
            EXPECT_EQ(issue.pointer, pointer + "/unknwon") << sample.schema;
            EXPECT_EQ(issue.message.substr(0, 25), "unknown member; known are") << sample.schema;
        });
    }
}

TEST(Schemas, RefuseEveryPartInAnotherType) {
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            for (const json::value& wrong :
                 {json::value(nullptr), json::value(-1.5), json::value("\t")}) {
                if (wrong.kind() == part.kind()) continue;
                if (wrong.is_double() && part.is_number()) continue;
                Document changed = whole;
                changed.value.at_pointer(pointer) = wrong;
                EXPECT_EQ(first_issue(sample.schema, changed).pointer, pointer)
                    << sample.schema << " with " << pointer;
            }
        });
    }
}

TEST(Schemas, CapEveryTextAndList) {
    const json::string long_text(20'000, 'a');
    const json::array long_list(10'001, json::value("a"));
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            Document changed = whole;
            if (part.is_string()) changed.value.at_pointer(pointer) = long_text;
            if (part.is_array()) changed.value.at_pointer(pointer) = long_list;
            if (!part.is_string() && !part.is_array()) return;
            EXPECT_EQ(first_issue(sample.schema, changed).pointer, pointer) << sample.schema;
        });
    }
}

TEST(Schemas, RefuseADocumentWithoutARequiredMember) {
    for (const Sample& sample : samples()) {
        const json::value schema = *parse_json(schema_text(sample.schema));
        for (const json::value& name : schema.at("required").as_array()) {
            Document lacking = yaml(sample.text);
            lacking.value.as_object().erase(name.as_string());
            const SchemaIssue issue = first_issue(sample.schema, lacking);
            EXPECT_EQ(issue.pointer, "");
            EXPECT_EQ(issue.message.find("must have '" + std::string(name.as_string())), 0U);
        }
    }
}

// ---- What holds for the schemas themselves ------------------------------------------------------

TEST(Schemas, AreTheFilesInTheFolder) {
    const std::filesystem::path folder = std::filesystem::path(FIREBREAK_SOURCE_DIR) / "schemas";
    const PosixFileStore disk;
    for (const std::string& name : schema_names()) {
        const Result<Bytes> bytes = disk.read(folder / (name + ".json"), 1U << 20U);
        ASSERT_TRUE(bytes) << name;
        EXPECT_EQ(text_of(*bytes), schema_text(name));
    }
}

/// Calls `visit` for each subschema: whatever stands where draft 07 wants a schema.
void each_schema(const json::object& schema,
                 const std::function<void(const json::object&)>& visit) {
    visit(schema);
    for (const char* of_schemas : {"properties", "definitions"}) {
        const json::value* members = schema.if_contains(of_schemas);
        if (members == nullptr) continue;
        for (const auto& [name, member] : members->as_object()) {
            each_schema(member.as_object(), visit);
        }
    }
    if (const json::value* items = schema.if_contains("items")) {
        each_schema(items->as_object(), visit);
    }
}

TEST(Schemas, AreClosedDescribedAndCapped) {
    for (const std::string& name : schema_names()) {
        const json::value root = *parse_json(schema_text(name));
        EXPECT_EQ(root.at("$schema"), json::value("http://json-schema.org/draft-07/schema#"));
        EXPECT_EQ(root.at("$id"),
                  json::value("https://firebreak.invalid/schemas/" + name + ".json"));
        each_schema(root.as_object(), [&](const json::object& schema) {
            if (schema.contains("$ref")) return;
            const std::string shown = name + ": " + pretty_json(schema);
            EXPECT_TRUE(schema.contains("description")) << shown;
            ASSERT_TRUE(schema.contains("type")) << shown;
            const json::value& type = schema.at("type");
            if (type == "object") {
                EXPECT_TRUE(schema.contains("properties")) << shown;
                EXPECT_EQ(schema.at("additionalProperties"), json::value(false)) << shown;
            }
            if (type == "array") {
                EXPECT_TRUE(schema.contains("maxItems")) << shown;
            }
            const bool fixed = schema.contains("enum") || schema.contains("const");
            if (type == "string" && !fixed) {
                EXPECT_TRUE(schema.contains("maxLength")) << shown;
            }
            if (type == "integer") {
                EXPECT_TRUE(schema.contains("minimum")) << shown;
            }
        });
    }
}

TEST(Schemas, UseOnlyKeywordsThatCanBePutIntoWords) {
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            for (const auto& [keyword, value] : schema) {
                EXPECT_TRUE(explainable_keyword(keyword)) << name << ": " << keyword;
            }
        });
    }
}

TEST(Schemas, HaveNoPatternThatCouldRunAwayOnALongText) {
    // std::regex recurses once per repetition; a bound on each keeps the stack small.
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            const json::value* pattern = schema.if_contains("pattern");
            if (pattern == nullptr) return;
            const std::string text(pattern->as_string());
            EXPECT_TRUE(text.starts_with('^') && text.ends_with('$')) << text;
            bool in_class = false;
            for (std::size_t i = 0; i < text.size(); ++i) {
                if (text[i] == '\\') {
                    ++i;
                } else if (text[i] == '[') {
                    in_class = true;
                } else if (text[i] == ']') {
                    in_class = false;
                } else if (!in_class) {
                    EXPECT_TRUE(text[i] != '*' && text[i] != '+') << name << ": " << text;
                }
            }
        });
    }
}

TEST(Schemas, NameDefaultsThatTheyWouldTake) {
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            const json::value* value = schema.if_contains("default");
            if (value == nullptr || schema.contains("$ref")) return;
            EXPECT_TRUE(explain(schema, *value).empty()) << name << ": " << pretty_json(schema);
        });
    }
}

// ---- valijson judges, explain() speaks: they must not disagree ----------------------------------

TEST(Explain, FindsNothingInWhatValijsonTakesAndSomethingInWhatItDoesNot) {
    const std::vector<json::value> mutations = {-1, 1e9, "2s", json::array{"a", "a"}};
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        const json::value schema = *parse_json(schema_text(sample.schema));
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            for (const json::value& mutation : mutations) {
                const bool numbers = mutation.is_number() && part.is_number();
                if (mutation.kind() != part.kind() && !numbers) continue;
                Document changed = whole;
                changed.value.at_pointer(pointer) = mutation;
                const bool valid = check_schema(sample.schema, changed).empty();
                EXPECT_EQ(valid, explain(schema, changed.value).empty())
                    << sample.schema << " " << pointer << " = " << pretty_json(mutation);
            }
        });
    }
}

}  // namespace
}  // namespace firebreak::content
