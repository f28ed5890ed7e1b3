#include "sensor/sigma/compiler/detection.hpp"

#include <algorithm>

#include "core/content/printable.hpp"
#include "sensor/sigma/compiler/nearest.hpp"
#include "sensor/sigma/compiler/regex.hpp"
#include "sensor/sigma/compiler/values.hpp"
#include "sensor/sigma/run/event.hpp"

namespace firebreak::sigma {
namespace {

using Predicates = std::vector<Predicate>;

tl::unexpected<Refusal> refuse(std::string reason, std::string text) {
    return tl::unexpected<Refusal>({std::move(reason), std::move(text)});
}

std::string_view text_in(const json::value& value) {
    const json::string& text = value.get_string();
    return {text.data(), text.size()};
}

bool anchored(const FieldKey& key) {
    return key.has(Transform::kContains) || key.has(Transform::kStartsWith) ||
           key.has(Transform::kEndsWith);
}

std::size_t operand_bytes(const Predicate& predicate) {
    std::size_t sum = predicate.text.size();
    for (const GlobPiece& piece : predicate.pieces) sum += piece.text.size() + 2 * piece.any.size();
    return sum;
}

bool compares_text(Op op) {
    return op == Op::kEquals || op == Op::kContains || op == Op::kStartsWith ||
           op == Op::kEndsWith || op == Op::kGlob;
}

/// A key for a keyword: any field, contains.
const FieldKey& keyword_key() {
    static const FieldKey key;
    return key;
}

class Assembler {
public:
    Assembler(const std::map<std::string, Term>& terms, std::size_t nodes_max)
        : nodes_left_(nodes_max) {
        for (const auto& [name, term] : terms) parts_.emplace(name, Part{&term, term.size()});
    }

    /// As deep as the condition, which its parser has bounded.
    std::optional<Term> build(const Condition& condition) {
        if (condition.kind == Condition::Kind::kDetection) {
            const Part& part = parts_.at(condition.name);
            return take(part.size) ? std::optional(*part.term) : std::nullopt;
        }
        if (!take(1)) return std::nullopt;
        std::vector<Term> children;
        for (const Condition& child : condition.children) {
            std::optional<Term> term = build(child);
            if (!term) return std::nullopt;
            children.push_back(std::move(*term));
        }
        switch (condition.kind) {
            case Condition::Kind::kNot: return negation(std::move(children.front()));
            case Condition::Kind::kAll: return joined(Node::Kind::kAll, std::move(children));
            default: return joined(Node::Kind::kAny, std::move(children));
        }
    }

private:
    struct Part {
        const Term* term;
        std::size_t size;
    };

    bool take(std::size_t nodes) {
        if (nodes > nodes_left_) return false;
        nodes_left_ -= nodes;
        return true;
    }

    std::map<std::string, Part, std::less<>> parts_;
    std::size_t nodes_left_;
};

}  // namespace

std::optional<Term> assembled(const Condition& condition, const std::map<std::string, Term>& terms,
                              std::size_t nodes_max) {
    return Assembler(terms, nodes_max).build(condition);
}

std::optional<Term> DetectionCompiler::compile(const json::value& detection,
                                               const std::string& pointer) {
    if (const json::object* map = detection.if_object()) return compile_map(*map, pointer);
    if (detection.is_string()) return compile_value(keyword_key(), detection, pointer);
    const json::array* list = detection.if_array();
    if (list == nullptr || list->empty()) {
        reporter_.error(pointer, "empty-detection",
                        "an empty detection; write fields and values below it, or remove it");
        return std::nullopt;
    }
    std::vector<Term> alternatives;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string place = content::pointer_to(pointer, std::to_string(i));
        const json::value& element = (*list)[i];
        std::optional<Term> term = element.is_object()
                                       ? compile_map(element.get_object(), place)
                                       : compile_value(keyword_key(), element, place);
        if (term) alternatives.push_back(std::move(*term));
    }
    if (alternatives.size() < list->size()) return std::nullopt;
    return joined(Node::Kind::kAny, std::move(alternatives));
}

std::optional<Term> DetectionCompiler::compile_map(const json::object& map,
                                                   const std::string& pointer) {
    if (map.empty()) {
        reporter_.error(pointer, "empty-detection",
                        "an empty detection; write fields and values into it, or remove it");
        return std::nullopt;
    }
    std::vector<Term> items;
    for (const auto& [name, value] : map) {
        const std::string_view text(name.data(), name.size());
        const std::string place = content::pointer_to(pointer, text);
        tl::expected<FieldKey, Refusal> key = parse_field_key(text);
        if (!key) {
            reporter_.error(place, key.error().reason, key.error().text);
        } else if (find_field(*key, place)) {
            std::optional<Term> item = compile_item(*key, value, place);
            if (item) items.push_back(std::move(*item));
        }
    }
    if (items.size() < map.size()) return std::nullopt;
    return joined(Node::Kind::kAll, std::move(items));
}

Refusal DetectionCompiler::unknown_field(std::string_view name) const {
    std::vector<std::string> names;
    for (const ContractField& field : contract_.fields) names.push_back(field.name);
    return {"unknown-field", "the contract " + contract_.id() + " has no field '" +
                                 content::shown(name) + "'" + did_you_mean(name, names)};
}

bool DetectionCompiler::find_field(const FieldKey& key, const std::string& pointer) {
    if (key.field.empty() && key.modified) return true;
    if (!key.field.empty() && contract_.find(key.field)) return true;
    const Refusal refusal = unknown_field(key.field);
    reporter_.error(pointer, refusal.reason, refusal.text);
    return false;
}

std::optional<Term> DetectionCompiler::compile_item(const FieldKey& key, const json::value& value,
                                                    const std::string& pointer) {
    std::optional<Term> term;
    if (const json::array* values = value.if_array()) {
        term = compile_list(key, *values, pointer);
    } else {
        if (key.all) {
            reporter_.warning(pointer, "all-of-one",
                              "all with one value says nothing; remove it, or give a list");
        }
        term = compile_value(key, value, pointer);
    }
    if (!term || !key.differs) return term;
    return negation(std::move(*term));
}

std::optional<Term> DetectionCompiler::compile_list(const FieldKey& key, const json::array& values,
                                                    const std::string& pointer) {
    if (values.empty()) {
        reporter_.error(pointer, "empty-list",
                        "an empty list of values; write one, or remove the field");
        return std::nullopt;
    }
    if (key.matching == Matching::kExists) {
        reporter_.error(pointer, "bad-value", "exists takes one value: true or false");
        return std::nullopt;
    }
    std::vector<Term> terms;
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::optional<Term> term =
            compile_value(key, values[i], content::pointer_to(pointer, std::to_string(i)));
        if (term) terms.push_back(std::move(*term));
    }
    if (terms.size() < values.size()) return std::nullopt;
    // "Differs from the values" is none of them, with or without all.
    const bool all = key.all && !key.differs;
    return joined(all ? Node::Kind::kAll : Node::Kind::kAny, std::move(terms));
}

std::optional<Term> DetectionCompiler::compile_value(const FieldKey& key, const json::value& value,
                                                     const std::string& pointer) {
    if (value.is_string()) return compile_text(key, text_in(value), pointer);
    if (value.is_null()) return compile_null(key, pointer);
    reporter_.error(pointer, "bad-value",
                    "a value must be a text, a number, null, or a list of these");
    return std::nullopt;
}

std::optional<Term> DetectionCompiler::compile_null(const FieldKey& key,
                                                    const std::string& pointer) {
    if (key.field.empty()) {
        reporter_.error(pointer, "bad-value", "a keyword must be a text; null is for fields");
        return std::nullopt;
    }
    if (key.matching != Matching::kText || !key.transforms.empty() || key.cased) {
        reporter_.error(pointer, "bad-value",
                        "null goes with no modifier; write '" + content::shown(key.field) +
                            ": null', or '' for an empty text");
        return std::nullopt;
    }
    Predicate predicate = question(key);
    predicate.op = Op::kAbsent;
    return ask(std::move(predicate));
}

std::optional<Term> DetectionCompiler::compile_text(const FieldKey& key, std::string_view value,
                                                    const std::string& pointer) {
    tl::expected<Predicates, Refusal> predicates = predicates_of(key, value);
    if (!predicates) {
        reporter_.error(pointer, predicates.error().reason, predicates.error().text);
        return std::nullopt;
    }
    if (auto fits = account(*predicates); !fits) {
        reporter_.error(pointer, fits.error().reason, fits.error().text);
        return std::nullopt;
    }
    std::vector<Term> terms;
    for (Predicate& predicate : *predicates) {
        const bool never = predicate.op == Op::kEquals && predicate.field != kAnyField &&
                           contract_.fields[predicate.field].type == FieldType::kInteger;
        if (never) {
            reporter_.warning(pointer, "not-integer",
                              "'" + content::shown(value) + "' is no whole number, as " +
                                  contract_.fields[predicate.field].name +
                                  " holds: it is compared as text, and will hardly match");
        }
        terms.push_back(ask(std::move(predicate)));
    }
    return joined(Node::Kind::kAny, std::move(terms));
}

tl::expected<void, Refusal> DetectionCompiler::account(const Predicates& predicates) {
    terms_ += predicates.size();
    for (const Predicate& predicate : predicates) {
        const std::size_t bytes = operand_bytes(predicate);
        if (bytes > ProgramLimits{}.text_bytes_max) {
            return refuse("too-large", "a value of " + std::to_string(bytes) + " bytes, at most " +
                                           std::to_string(ProgramLimits{}.text_bytes_max));
        }
        operand_bytes_ += bytes;
    }
    if (terms_ > limits_.terms_max || operand_bytes_ > limits_.operand_bytes_max) {
        return refuse("too-large", "the rule has become too large (at most " +
                                       std::to_string(limits_.terms_max) + " values, " +
                                       std::to_string(limits_.operand_bytes_max) +
                                       " bytes, after windash and base64offset); split it");
    }
    return {};
}

Predicate DetectionCompiler::question(const FieldKey& key) const {
    Predicate predicate;
    predicate.field = key.field.empty() ? kAnyField : contract_.find(key.field).value_or(kAnyField);
    return predicate;
}

tl::expected<Predicates, Refusal> DetectionCompiler::predicates_of(const FieldKey& key,
                                                                   std::string_view value) {
    if (key.matching == Matching::kText) return text_predicates(key, value);
    tl::expected<Predicate, Refusal> predicate = typed_predicate(key, value);
    if (!predicate) return tl::unexpected(predicate.error());
    return Predicates{std::move(*predicate)};
}

tl::expected<Predicates, Refusal> DetectionCompiler::text_predicates(const FieldKey& key,
                                                                     std::string_view value) {
    tl::expected<std::vector<Pattern>, Refusal> patterns = transformed(value, key);
    if (!patterns) return tl::unexpected(patterns.error());
    const bool any_field = key.field.empty();
    Predicates predicates;
    for (Pattern& pattern : *patterns) {
        if (any_field && !anchored(key)) {
            pattern.open_start();
            pattern.open_end();
        }
        if (pattern.fits_everything() && (any_field || value.empty())) {
            return refuse("empty-value",
                          any_field ? "a keyword that fits every event; say what it must hold"
                                    : "an empty value fits any text; write '|exists: true' if "
                                      "that is meant");
        }
        Predicate predicate = question(key);
        pattern.ask(predicate);
        const bool integer_field =
            !any_field && contract_.fields[predicate.field].type == FieldType::kInteger;
        const std::optional<std::int64_t> integer = parse_integer(predicate.text);
        if (integer_field && predicate.op == Op::kEquals && integer) {
            predicate.op = Op::kIntegerEquals;
            predicate.text.clear();
            predicate.integer = *integer;
        }
        predicate.cased = key.cased && compares_text(predicate.op);
        predicates.push_back(std::move(predicate));
    }
    return predicates;
}

tl::expected<Predicate, Refusal> DetectionCompiler::typed_predicate(const FieldKey& key,
                                                                    std::string_view value) {
    if (key.matching == Matching::kRegex) return regex_predicate(key, value);
    if (key.matching == Matching::kFieldReference) return reference(key, value);
    Predicate predicate = question(key);
    if (key.matching == Matching::kCidr) {
        tl::expected<Network, Refusal> network = parse_network(value);
        if (!network) return tl::unexpected(network.error());
        predicate.op = Op::kCidr;
        predicate.network = std::move(network->bytes);
        predicate.prefix_bits = network->prefix_bits;
    } else if (key.matching == Matching::kExists) {
        const std::string exists = lower_case(value);
        if (exists != "true" && exists != "false") {
            return refuse("bad-value",
                          "exists takes true or false, not '" + content::shown(value) + "'");
        }
        predicate.op = exists == "true" ? Op::kPresent : Op::kAbsent;
    } else {
        const std::optional<std::int64_t> number = parse_integer(value);
        if (!number) {
            return refuse("bad-value", "'" + content::shown(value) +
                                           "' is no whole number of 64 bits, as lt, lte, gt and "
                                           "gte need");
        }
        predicate.op = key.compare;
        predicate.integer = *number;
    }
    return predicate;
}

tl::expected<Predicate, Refusal> DetectionCompiler::regex_predicate(const FieldKey& key,
                                                                    std::string_view value) {
    if (++regexes_ > limits_.regexes_max) {
        return refuse("too-large", "more than " + std::to_string(limits_.regexes_max) +
                                       " regular expressions in one rule; join them with |");
    }
    tl::expected<std::string, Refusal> text = checked_regex(value, key.regex_flags);
    if (!text) return tl::unexpected(text.error());
    Predicate predicate = question(key);
    predicate.op = Op::kRegex;
    predicate.text = std::move(*text);
    return predicate;
}

tl::expected<Predicate, Refusal> DetectionCompiler::reference(const FieldKey& key,
                                                              std::string_view value) {
    const std::optional<std::uint16_t> other = contract_.find(value);
    if (!other) return tl::unexpected(unknown_field(value));
    Predicate predicate = question(key);
    predicate.op = key.has(Transform::kContains)     ? Op::kSameInside
                   : key.has(Transform::kStartsWith) ? Op::kSameStart
                   : key.has(Transform::kEndsWith)   ? Op::kSameEnd
                                                     : Op::kSameAs;
    predicate.cased = key.cased;
    predicate.other_field = *other;
    return predicate;
}

}  // namespace firebreak::sigma
