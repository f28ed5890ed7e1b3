#include "sensor/sigma/program/describe.hpp"

#include "sensor/kit/text.hpp"
#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::sigma {
namespace {

using sensor_kit::JsonWriter;

void write_text(JsonWriter& out, const std::string& text) {
    out.key("text").value(text);
    // As bytes too: a constant may be anything, and a dictionary wants it exactly.
    out.key("bytes").value(sensor_kit::hex(bytes_of(text).data(), text.size()));
}

void write_pieces(JsonWriter& out, const std::vector<GlobPiece>& pieces) {
    out.key("pieces").open_array();
    for (const GlobPiece& piece : pieces) {
        out.open_object();
        write_text(out, piece.text);
        out.key("any").open_array();
        for (const std::uint16_t at : piece.any) out.value(std::uint64_t{at});
        out.close_array().close_object();
    }
    out.close_array();
}

/// Where the field is, and its name. Of any field there is no position.
void write_field(JsonWriter& out, std::string_view prefix, std::uint16_t field,
                 const FieldNames& name_of_field) {
    const std::string key(prefix);
    if (field == kAnyField) {
        out.key(key + "field").value("*");
        return;
    }
    out.key(key + "field").value(name_of_field(field));
    out.key(key + "position").value(std::uint64_t{field});
}

void write_predicate(JsonWriter& out, const Predicate& predicate, const FieldNames& name_of_field) {
    out.open_object();
    write_field(out, "", predicate.field, name_of_field);
    out.key("op").value(name_of(predicate.op));
    switch (predicate.op) {
        case Op::kEquals:
        case Op::kContains:
        case Op::kStartsWith:
        case Op::kEndsWith:
        case Op::kRegex: write_text(out, predicate.text); break;
        case Op::kGlob: write_pieces(out, predicate.pieces); break;
        case Op::kCidr:
            out.key("network").value(
                sensor_kit::hex(predicate.network.data(), predicate.network.size()));
            out.key("prefix_bits").value(std::uint64_t{predicate.prefix_bits});
            break;
        case Op::kIntegerEquals:
        case Op::kLess:
        case Op::kLessOrEqual:
        case Op::kGreater:
        case Op::kGreaterOrEqual: out.key("integer").value(predicate.integer); break;
        case Op::kSameAs:
        case Op::kSameStart:
        case Op::kSameEnd:
        case Op::kSameInside:
            write_field(out, "other_", predicate.other_field, name_of_field);
            break;
        case Op::kAbsent:
        case Op::kPresent: break;
    }
    if (predicate.cased) out.key("cased").value(true);
    out.close_object();
}

const char* kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::kPredicate: return "predicate";
        case Node::Kind::kNot: return "not";
        case Node::Kind::kAll: return "all";
        case Node::Kind::kAny: return "any";
    }
    return "predicate";
}

/// The tree as it is in the file: the last node is the condition.
void write_nodes(JsonWriter& out, const Rule& rule) {
    out.key("nodes").open_array();
    for (const Node& node : rule.nodes) {
        out.open_object().key("kind").value(kind_name(node.kind));
        if (node.kind == Node::Kind::kPredicate) {
            out.key("predicate").value(std::uint64_t{node.predicate});
        } else {
            out.key("children").open_array();
            for (const std::uint32_t child : node.children) out.value(std::uint64_t{child});
            out.close_array();
        }
        out.close_object();
    }
    out.close_array();
}

}  // namespace

void describe_program(JsonWriter& out, std::string_view file, const Program& program,
                      const FieldNames& name_of_field) {
    out.open_object().key("file").value(file);
    out.key("contract").value(program.contract);
    out.key("arity").value(std::uint64_t{program.arity});
    out.key("predicates").open_array();
    for (const Predicate& predicate : program.predicates) {
        write_predicate(out, predicate, name_of_field);
    }
    out.close_array().close_object();
}

void describe_rule(JsonWriter& out, const Rule& rule, std::uint64_t program) {
    out.open_object();
    out.key("name").value(rule.id);
    out.key("file").value(rule.file);
    out.key("line").value(std::uint64_t{rule.line});
    out.key("title").value(rule.title);
    out.key("level").value(rule.level);
    out.key("program").value(program);
    write_nodes(out, rule);
    out.close_object();
}

}  // namespace firebreak::sigma
