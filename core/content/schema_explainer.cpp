#include "core/content/schema_explainer.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <regex>

#include "core/base/check.hpp"
#include "core/content/document.hpp"
#include "core/content/printable.hpp"

namespace firebreak::content {
namespace {

constexpr std::array<std::string_view, 25> kKeywords = {"$schema",
                                                        "$id",
                                                        "$ref",
                                                        "title",
                                                        "description",
                                                        "default",
                                                        "examples",
                                                        "definitions",
                                                        "type",
                                                        "properties",
                                                        "required",
                                                        "enum",
                                                        "const",
                                                        "pattern",
                                                        "additionalProperties",
                                                        "minimum",
                                                        "maximum",
                                                        "minLength",
                                                        "maxLength",
                                                        "exclusiveMinimum",
                                                        "items",
                                                        "minItems",
                                                        "maxItems",
                                                        "exclusiveMaximum",
                                                        "uniqueItems"};

std::string plain(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string with_article(std::string_view type) {
    if (type == "integer") return "a whole number";
    if (type == "boolean") return "true or false";
    if (type == "array") return "a list";
    if (type == "object") return "a map";
    if (type == "string") return "text";
    if (type == "null") return "empty";
    return "a number";
}

bool has_type(const json::value& value, std::string_view type) {
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    if (type == "string") return value.is_string();
    return type == "null" && value.is_null();
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

class Explainer {
public:
    explicit Explainer(const json::value& schema) : root_(schema) {}

    void visit(const json::object& schema, const json::value& value, const std::string& pointer) {
        const json::object& rules = resolve(schema);
        if (!check_type(rules, value, {pointer, hint(schema)})) return;
        check_choice(rules, value, pointer);
        if (value.is_number()) check_number(rules, value, pointer);
        if (const json::string* text = value.if_string()) {
            check_text(rules, *text, {pointer, hint(schema)});
        }
        if (const json::array* list = value.if_array()) visit_list(rules, *list, pointer);
        if (const json::object* map = value.if_object()) visit_map(rules, *map, pointer);
    }

    std::vector<Explanation> take() { return std::move(found_); }

private:
    struct Spot {
        const std::string& pointer;
        std::string hint;
    };

    void say(const std::string& pointer, std::string message) {
        found_.push_back({pointer, std::move(message)});
    }

    /// {"$ref": "#/definitions/x"} stands for that definition.
    const json::object& resolve(const json::object& schema) const {
        static constexpr std::string_view kPrefix = "#/definitions/";
        const json::value* reference = schema.if_contains("$ref");
        if (reference == nullptr) return schema;
        const std::string_view path = reference->as_string();
        FIREBREAK_CHECK(path.starts_with(kPrefix));
        return root_.as_object()
            .at("definitions")
            .as_object()
            .at(path.substr(kPrefix.size()))
            .as_object();
    }

    bool check_type(const json::object& rules, const json::value& value, const Spot& spot) {
        const json::value* type = rules.if_contains("type");
        if (type == nullptr || has_type(value, type->as_string())) return true;
        std::string message = "must be " + with_article(type->as_string());
        // A duration or a version written without quotes is the usual slip.
        if (value.is_number() && type->as_string() == "string") message += "; put it in quotes";
        say(spot.pointer, message + spot.hint);
        return false;
    }

    void check_choice(const json::object& rules, const json::value& value,
                      const std::string& pointer) {
        if (const json::value* choices = rules.if_contains("enum")) {
            const json::array& allowed = choices->as_array();
            if (std::ranges::find(allowed, value) == allowed.end()) {
                std::vector<std::string> words;
                for (const json::value& choice : allowed) words.push_back(plain(choice));
                say(pointer, "must be one of " + joined(words));
            }
        }
        const json::value* only = rules.if_contains("const");
        if (only != nullptr && *only != value) say(pointer, "must be " + plain(*only));
    }

    void check_number(const json::object& rules, const json::value& value,
                      const std::string& pointer) {
        struct Bound {
            std::string_view keyword, words;
            bool (*broken)(double number, double limit);
        };
        static constexpr std::array<Bound, 4> kBounds = {{
            {"minimum", "at least ", [](double n, double limit) { return n < limit; }},
            {"maximum", "at most ", [](double n, double limit) { return n > limit; }},
            {"exclusiveMinimum", "more than ", [](double n, double limit) { return n <= limit; }},
            {"exclusiveMaximum", "less than ", [](double n, double limit) { return n >= limit; }},
        }};
        const auto number = value.to_number<double>();
        for (const Bound& bound : kBounds) {
            const json::value* limit = rules.if_contains(bound.keyword);
            if (limit != nullptr && bound.broken(number, limit->to_number<double>())) {
                say(pointer, "must be " + std::string(bound.words) + plain(*limit));
            }
        }
    }

    void check_text(const json::object& rules, const json::string& text, const Spot& spot) {
        const std::size_t length = characters(text);
        check_count(rules, length, {"minLength", "maxLength", "character"}, spot.pointer);
        const json::value* longest = rules.if_contains("maxLength");
        if (longest != nullptr && length > longest->to_number<std::size_t>()) return;
        const json::value* pattern = rules.if_contains("pattern");
        if (pattern == nullptr) return;
        const std::regex expression(std::string(pattern->as_string()));
        if (!std::regex_search(std::string(text), expression)) {
            say(spot.pointer,
                "'" + shown(text) + "' does not have the form it must have" + spot.hint);
        }
    }

    struct Count {
        std::string_view least, most, unit;
    };
    void check_count(const json::object& rules, std::size_t count, const Count& words,
                     const std::string& pointer) {
        const auto complain = [&](std::string_view bound, const json::value& limit) {
            const bool one = limit.to_number<std::size_t>() == 1;
            say(pointer, "must have " + std::string(bound) + plain(limit) + " " +
                             std::string(words.unit) + (one ? "" : "s") + ", has " +
                             std::to_string(count));
        };
        const json::value* least = rules.if_contains(words.least);
        if (least != nullptr && count < least->to_number<std::size_t>()) {
            complain("at least ", *least);
        }
        const json::value* most = rules.if_contains(words.most);
        if (most != nullptr && count > most->to_number<std::size_t>()) complain("at most ", *most);
    }

    void visit_list(const json::object& rules, const json::array& list,
                    const std::string& pointer) {
        check_count(rules, list.size(), {"minItems", "maxItems", "item"}, pointer);
        const json::value* unique = rules.if_contains("uniqueItems");
        const json::value* items = rules.if_contains("items");
        const json::value* most = rules.if_contains("maxItems");
        if (most != nullptr && list.size() > most->to_number<std::size_t>()) return;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string here = pointer_to(pointer, std::to_string(i));
            if (unique != nullptr && unique->as_bool() &&
                std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(i), list[i]) !=
                    list.begin() + static_cast<std::ptrdiff_t>(i)) {
                say(here, "is in the list already");
            }
            if (items != nullptr) visit(items->as_object(), list[i], here);
        }
    }

    void visit_map(const json::object& rules, const json::object& map, const std::string& pointer) {
        static const json::object kNone;
        const json::value* declared = rules.if_contains("properties");
        const json::object& known = declared != nullptr ? declared->as_object() : kNone;
        if (const json::value* required = rules.if_contains("required")) {
            for (const json::value& name : required->as_array()) {
                if (map.contains(name.as_string())) continue;
                const json::value* member = known.if_contains(name.as_string());
                say(pointer, "must have '" + plain(name) + "'" +
                                 (member != nullptr ? hint(member->as_object()) : ""));
            }
        }
        const json::value* others = rules.if_contains("additionalProperties");
        const bool closed = others != nullptr && others->is_bool() && !others->get_bool();
        for (const auto& [name, member] : map) {
            const std::string here = pointer_to(pointer, name);
            if (const json::value* schema = known.if_contains(name)) {
                visit(schema->as_object(), member, here);
            } else if (closed) {
                say(here, unknown_member(known));
            } else if (others != nullptr && others->is_object()) {
                visit(others->get_object(), member, here);
            }
        }
    }

    static std::string unknown_member(const json::object& known) {
        std::vector<std::string> names;
        for (const auto& [name, schema] : known) names.emplace_back(name);
        std::ranges::sort(names);
        return "unknown member; known are " + joined(names);
    }

    /// What the schema's author says it is: the best remedy there is. Beside a reference, draft 07
    /// gives a description no meaning to validators; for people it is the closer one.
    std::string hint(const json::object& schema) const {
        const json::value* description = schema.if_contains("description");
        if (description == nullptr) description = resolve(schema).if_contains("description");
        return description != nullptr ? " (" + plain(*description) + ")" : "";
    }

    const json::value& root_;
    std::vector<Explanation> found_;
};

}  // namespace

std::vector<Explanation> explain(const json::value& schema, const json::value& value) {
    Explainer explainer(schema);
    explainer.visit(schema.as_object(), value, "");
    return explainer.take();
}

bool explainable_keyword(std::string_view keyword) {
    return std::ranges::find(kKeywords, keyword) != kKeywords.end();
}

}  // namespace firebreak::content
