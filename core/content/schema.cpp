#include "core/content/schema.hpp"

#include <algorithm>
#include <exception>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/content/embedded_schemas.hpp"
#include "core/content/schema_explainer.hpp"

namespace firebreak::content {
namespace {

/// Enough for a person to act on; a document that breaks every line need not fill the screen.
constexpr std::size_t kIssuesMax = 50;

/// The one place that calls valijson, whose constructors and parsers throw. It is not asked for
/// results: it would write one for each pair of equal items, and run out of memory over a list.
bool valijson_takes(const json::value& schema_value, const json::value& value) {
    valijson::Schema schema;
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::BoostJsonAdapter(schema_value), schema);
    } catch (const std::exception&) {
        FIREBREAK_CHECK(false && "a built-in schema is not a schema");
    }
    try {
        valijson::Validator validator;
        return validator.validate(schema, valijson::adapters::BoostJsonAdapter(value), nullptr);
    } catch (const std::exception&) {
        return false;  // What cannot be checked is not valid.
    }
}

/// Where `issue` stands, for putting issues in the order of the document.
Position position_of(const Document& document, std::string_view pointer) {
    for (;;) {
        const auto found = document.positions.find(std::string(pointer));
        if (found != document.positions.end()) return found->second;
        if (pointer.empty()) return {};
        pointer = pointer.substr(0, pointer.rfind('/'));
    }
}

json::value embedded_schema(std::string_view schema) {
    const Result<json::value> value = parse_json(schema_text(schema));
    FIREBREAK_CHECK(value.has_value());
    return *value;
}

}  // namespace

std::vector<SchemaIssue> check_schema(std::string_view schema, const Document& document) {
    const json::value schema_value = embedded_schema(schema);
    if (valijson_takes(schema_value, document.value)) return {};

    // valijson judges; the explainer says why, in words that name the place and the remedy.
    std::vector<SchemaIssue> issues;
    for (Explanation& explanation : explain(schema_value, document.value)) {
        issues.push_back({std::move(explanation.pointer), "", std::move(explanation.message)});
    }
    if (issues.empty()) {
        issues.push_back({"", "", "does not match the schema " + std::string(schema)});
    }
    std::ranges::stable_sort(issues, [&](const SchemaIssue& a, const SchemaIssue& b) {
        const Position left = position_of(document, a.pointer);
        const Position right = position_of(document, b.pointer);
        return std::pair(left.line, left.column) < std::pair(right.line, right.column);
    });
    if (issues.size() > kIssuesMax) issues.resize(kIssuesMax);
    for (SchemaIssue& issue : issues) issue.place = document.place_of(issue.pointer);
    return issues;
}

Result<void> require_schema(std::string_view schema, const Document& document) {
    const std::vector<SchemaIssue> issues = check_schema(schema, document);
    if (issues.empty()) return {};
    std::string text;
    for (const SchemaIssue& issue : issues) {
        if (!text.empty()) text += "; ";
        text += issue.place + ": " + (issue.pointer.empty() ? "" : issue.pointer + ": ");
        text += issue.message;
    }
    return fail(Errc::kInvalid, text);
}

std::vector<std::string> schema_names() {
    std::vector<std::string> names;
    for (const EmbeddedSchema& schema : embedded_schemas()) names.emplace_back(schema.name);
    return names;
}

std::string_view schema_text(std::string_view schema) {
    const auto all = embedded_schemas();
    const auto found = std::ranges::find(all, schema, &EmbeddedSchema::name);
    FIREBREAK_CHECK(found != all.end());
    return found->text;
}

}  // namespace firebreak::content
