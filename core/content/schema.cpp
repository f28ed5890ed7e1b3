#include "core/content/schema.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/content/embedded_schemas.hpp"
#include "core/content/schema_explainer.hpp"

namespace firebreak::content {
namespace {

/// Enough for a person to act on; a document that breaks every line need not fill the screen.
constexpr std::size_t kIssuesMax = 50;

/// valijson's context (["<root>", "[rings]", "[0]"]) as a JSON pointer.
std::string pointer_of(const std::vector<std::string>& context) {
    std::string pointer;
    for (const std::string& step : context) {
        if (step.size() < 2 || step.front() != '[') continue;
        pointer = pointer_to(pointer, step.substr(1, step.size() - 2));
    }
    return pointer;
}

/// Where valijson found something wrong, with its own words for it.
struct Finding {
    std::string pointer;
    std::string description;
};

/// The one place that calls valijson, whose constructors and parsers throw.
/// @returns what it found, in its order; an exception while validating is a finding too.
std::vector<Finding> run_valijson(const json::value& schema_value, const json::value& value) {
    std::vector<Finding> findings;
    valijson::Schema schema;
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::BoostJsonAdapter(schema_value), schema);
    } catch (const std::exception&) {
        FIREBREAK_CHECK(!"a built-in schema is not a schema");
    }
    try {
        valijson::Validator validator;
        valijson::ValidationResults results;
        const bool valid =
            validator.validate(schema, valijson::adapters::BoostJsonAdapter(value), &results);
        valijson::ValidationResults::Error error;
        while (results.popError(error)) {
            findings.push_back({pointer_of(error.context), error.description});
        }
        if (!valid && findings.empty()) findings.push_back({"", "does not match its schema"});
    } catch (const std::exception&) {
        findings.push_back({"", "could not be checked against its schema"});
    }
    return findings;
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
    const std::vector<Finding> findings = run_valijson(schema_value, document.value);
    if (findings.empty()) return {};

    // valijson judges; the explainer says the same in words that name the place and the remedy.
    std::vector<SchemaIssue> issues;
    for (const Explanation& explanation : explain(schema_value, document.value)) {
        issues.push_back({explanation.pointer, "", explanation.message});
    }
    if (issues.empty()) {
        for (const Finding& finding : findings) {
            issues.push_back({finding.pointer, "", finding.description});
        }
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
