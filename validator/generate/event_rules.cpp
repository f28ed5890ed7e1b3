#include "validator/generate/event_rules.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::validator {
namespace {

using sigma::Node;
using sigma::Op;
using sigma::Predicate;
using sigma::Program;
using sigma::Rule;

Result<Bytes> bytes_at(const JsonObject& object, std::string_view key) {
    const Result<std::string> text = object.string(key);
    if (!text) return fail(text.error());
    return hex_decode(*text);
}

/// The field that the members "field" and "position" (with a prefix) name.
Result<std::uint16_t> field_at(const JsonObject& object, const std::string& prefix) {
    const Result<std::string> name = object.string(prefix + "field");
    if (!name) return fail(name.error());
    if (*name == "*") return sigma::kAnyField;
    const auto position = object.integer(prefix + "position", 0, sigma::kAnyField - 1);
    if (!position) return fail(position.error());
    return static_cast<std::uint16_t>(*position);
}

Result<std::vector<sigma::GlobPiece>> pieces_at(const JsonObject& object) {
    const Result<const json::array*> array = object.array("pieces");
    if (!array) return fail(array.error());
    std::vector<sigma::GlobPiece> pieces;
    for (const json::value& element : **array) {
        const Result<JsonObject> piece = JsonObject::of(element, object.path_to("pieces"));
        if (!piece) return fail(piece.error());
        const Result<Bytes> text = bytes_at(*piece, "bytes");
        if (!text) return fail(text.error());
        sigma::GlobPiece made{.text = to_text(*text)};
        const Result<const json::array*> any = piece->array("any");
        if (!any) return fail(any.error());
        for (const json::value& at : **any) {
            if (!at.is_int64() || at.get_int64() < 0 ||
                at.get_int64() > std::numeric_limits<std::uint16_t>::max()) {
                return fail(Errc::kInvalid, piece->path_to("any"));
            }
            made.any.push_back(static_cast<std::uint16_t>(at.get_int64()));
        }
        pieces.push_back(std::move(made));
    }
    return pieces;
}

Result<void> read_operand(const JsonObject& object, Predicate& predicate) {
    switch (predicate.op) {
        case Op::kAbsent:
        case Op::kPresent: return {};
        case Op::kEquals:
        case Op::kContains:
        case Op::kStartsWith:
        case Op::kEndsWith:
        case Op::kRegex: {
            const Result<Bytes> text = bytes_at(object, "bytes");
            if (!text) return fail(text.error());
            predicate.text = to_text(*text);
            return {};
        }
        case Op::kGlob: {
            auto pieces = pieces_at(object);
            if (!pieces) return fail(pieces.error());
            predicate.pieces = *std::move(pieces);
            return {};
        }
        case Op::kCidr: {
            Result<Bytes> network = bytes_at(object, "network");
            if (!network) return fail(network.error());
            const auto bits = object.integer("prefix_bits", 0, 128);
            if (!bits) return fail(bits.error());
            predicate.network = *std::move(network);
            predicate.prefix_bits = static_cast<std::uint8_t>(*bits);
            return {};
        }
        case Op::kIntegerEquals:
        case Op::kLess:
        case Op::kLessOrEqual:
        case Op::kGreater:
        case Op::kGreaterOrEqual: {
            const auto integer = object.integer("integer", std::numeric_limits<std::int64_t>::min(),
                                                std::numeric_limits<std::int64_t>::max());
            if (!integer) return fail(integer.error());
            predicate.integer = *integer;
            return {};
        }
        case Op::kSameAs:
        case Op::kSameStart:
        case Op::kSameEnd:
        case Op::kSameInside: {
            const Result<std::uint16_t> other = field_at(object, "other_");
            if (!other) return fail(other.error());
            predicate.other_field = *other;
            return {};
        }
    }
    return fail(Errc::kInvalid, object.path_to("op"));
}

Result<Predicate> read_predicate(const JsonObject& object) {
    const Result<std::string> op = object.string("op");
    if (!op) return fail(op.error());
    const auto known = std::ranges::find(sigma::all_ops(), *op, &sigma::OpName::name);
    if (known == sigma::all_ops().end()) return fail(Errc::kInvalid, object.path_to("op"));
    const Result<std::uint16_t> field = field_at(object, "");
    if (!field) return fail(field.error());
    Predicate predicate{.field = *field, .op = known->op};
    if (const Result<void> operand = read_operand(object, predicate); !operand) {
        return fail(operand.error());
    }
    const json::value* cased = object.raw().if_contains("cased");
    predicate.cased = cased != nullptr && cased->is_bool() && cased->get_bool();
    return predicate;
}

Result<Program> read_program_of(const JsonObject& object) {
    Program program;
    const Result<std::string> contract = object.string("contract");
    if (!contract) return fail(contract.error());
    program.contract = *contract;
    const auto arity = object.integer("arity", 1, sigma::kAnyField - 1);
    if (!arity) return fail(arity.error());
    program.arity = static_cast<std::uint16_t>(*arity);
    const Result<const json::array*> predicates = object.array("predicates");
    if (!predicates) return fail(predicates.error());
    for (const json::value& element : **predicates) {
        const auto described = JsonObject::of(element, object.path_to("predicates"));
        if (!described) return fail(described.error());
        Result<Predicate> predicate = read_predicate(*described);
        if (!predicate) return fail(predicate.error());
        program.predicates.push_back(*std::move(predicate));
    }
    return program;
}

Result<Node> read_node(const JsonObject& object) {
    static constexpr std::array kKinds{
        std::pair{std::string_view("predicate"), Node::Kind::kPredicate},
        std::pair{std::string_view("not"), Node::Kind::kNot},
        std::pair{std::string_view("all"), Node::Kind::kAll},
        std::pair{std::string_view("any"), Node::Kind::kAny}};
    constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
    const Result<std::string> kind = object.string("kind");
    if (!kind) return fail(kind.error());
    const auto* const known =
        std::ranges::find(kKinds, *kind, &std::pair<std::string_view, Node::Kind>::first);
    if (known == kKinds.end()) return fail(Errc::kInvalid, object.path_to("kind"));
    Node node{.kind = known->second};
    if (node.kind == Node::Kind::kPredicate) {
        const auto predicate = object.integer("predicate", 0, kMax);
        if (!predicate) return fail(predicate.error());
        node.predicate = static_cast<std::uint32_t>(*predicate);
        return node;
    }
    const Result<const json::array*> children = object.array("children");
    if (!children) return fail(children.error());
    for (const json::value& child : **children) {
        const bool number = child.is_int64() && child.get_int64() >= 0 && child.get_int64() <= kMax;
        if (!number) return fail(Errc::kInvalid, object.path_to("children"));
        node.children.push_back(static_cast<std::uint32_t>(child.get_int64()));
    }
    return node;
}

Result<void> read_rule(const JsonObject& object, std::vector<Program>& programs) {
    const auto last = static_cast<std::int64_t>(programs.size()) - 1;
    const auto program = object.integer("program", 0, last);
    if (!program) return fail(program.error());
    Rule rule;
    const Result<std::string> name = object.string("name");
    if (!name) return fail(name.error());
    rule.id = *name;
    const Result<std::string> file = object.string("file");
    if (file) rule.file = *file;
    const auto line = object.integer("line", 0, std::numeric_limits<std::uint32_t>::max());
    if (line) rule.line = static_cast<std::uint32_t>(*line);
    const Result<const json::array*> nodes = object.array("nodes");
    if (!nodes) return fail(nodes.error());
    for (const json::value& element : **nodes) {
        const Result<JsonObject> described = JsonObject::of(element, object.path_to("nodes"));
        if (!described) return fail(described.error());
        Result<Node> node = read_node(*described);
        if (!node) return fail(node.error());
        rule.nodes.push_back(*std::move(node));
    }
    programs.at(static_cast<std::size_t>(*program)).rules.push_back(std::move(rule));
    return {};
}

}  // namespace

Result<std::vector<Program>> read_event_rules(const json::value& description) {
    const Result<JsonObject> object = JsonObject::of(description, "description");
    if (!object) return fail(object.error());
    std::vector<Program> programs;
    if (!object->has("programs")) return programs;
    const Result<const json::array*> described = object->array("programs");
    if (!described) return fail(described.error());
    for (const json::value& element : **described) {
        const Result<JsonObject> one = JsonObject::of(element, "description.programs");
        if (!one) return fail(one.error());
        Result<Program> program = read_program_of(*one);
        if (!program) return fail(program.error());
        programs.push_back(*std::move(program));
    }
    if (programs.empty()) return programs;
    const Result<const json::array*> rules = object->array("rules");
    if (!rules) return fail(rules.error());
    for (const json::value& element : **rules) {
        const Result<JsonObject> rule = JsonObject::of(element, "description.rules");
        if (!rule) return fail(rule.error());
        if (const Result<void> read = read_rule(*rule, programs); !read) return fail(read.error());
    }
    for (const Program& program : programs) {
        if (const Result<void> checked = sigma::check_program(program); !checked) {
            return fail(checked.error().seen_from("description"));
        }
    }
    return programs;
}

sigma::Program only_rules(const sigma::Program& program, std::span<const sigma::Rule> rules) {
    sigma::Program made{.contract = program.contract, .arity = program.arity};
    std::map<std::uint32_t, std::uint32_t> numbers;
    made.rules.assign(rules.begin(), rules.end());
    for (sigma::Rule& rule : made.rules) {
        for (sigma::Node& node : rule.nodes) {
            if (node.kind != sigma::Node::Kind::kPredicate) continue;
            const auto next = static_cast<std::uint32_t>(made.predicates.size());
            const auto [known, added] = numbers.try_emplace(node.predicate, next);
            if (added) made.predicates.push_back(program.predicates.at(node.predicate));
            node.predicate = known->second;
        }
    }
    return made;
}

}  // namespace firebreak::validator
