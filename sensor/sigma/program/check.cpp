#include <algorithm>
#include <functional>
#include <string_view>

#include "core/base/errc.hpp"
#include "sensor/kit/text.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {
namespace {

/// Visible ASCII, without a space: what may name a rule or a contract.
bool names(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

/// UTF-8 without control characters.
bool one_line(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sensor_kit::utf8_sequence_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        if (length == 0 || (length == 1 && (first < 0x20 || first == 0x7F))) return false;
        text.remove_prefix(length);
    }
    return true;
}

/// Which operands an op uses. What it does not use must be as in a new Predicate.
struct Uses {
    bool text = false;
    bool integer = false;
    bool other_field = false;
    bool cased = false;
    bool any_field = true;
};

Uses uses_of(Op op) {
    switch (op) {
        case Op::kAbsent:
        case Op::kPresent: return {.any_field = false};
        case Op::kEquals:
        case Op::kContains:
        case Op::kStartsWith:
        case Op::kEndsWith: return {.text = true, .cased = true};
        case Op::kGlob: return {.cased = true};
        case Op::kRegex: return {.text = true};
        case Op::kCidr: return {};
        case Op::kIntegerEquals:
        case Op::kLess:
        case Op::kLessOrEqual:
        case Op::kGreater:
        case Op::kGreaterOrEqual: return {.integer = true};
        case Op::kSameAs:
        case Op::kSameStart:
        case Op::kSameEnd:
        case Op::kSameInside: return {.other_field = true, .cased = true, .any_field = false};
    }
    return {};
}

bool network_in_form(const Predicate& predicate) {
    const std::size_t bits = predicate.network.size() * 8;
    if ((bits != 32 && bits != 128) || predicate.prefix_bits > bits) return false;
    for (std::size_t bit = predicate.prefix_bits; bit < bits; ++bit) {
        if ((predicate.network[bit / 8] & (0x80U >> (bit % 8))) != 0) return false;
    }
    return true;
}

bool piece_in_form(const GlobPiece& piece) {
    std::size_t next = 0;
    for (const std::uint16_t at : piece.any) {
        if (at < next || at >= piece.text.size() || piece.text[at] != '\0') return false;
        next = std::size_t{at} + 1;
    }
    return true;
}

/// Why `predicate` breaks a rule of the header; nullptr when it does not.
const char* fault_of(const Predicate& predicate, std::uint16_t arity) {
    if (predicate.op < Op::kAbsent || predicate.op > Op::kSameInside) return "unknown op";
    const Uses uses = uses_of(predicate.op);
    const bool any_field = predicate.field == kAnyField;
    if (any_field ? !uses.any_field : predicate.field >= arity) return "no such field";
    if (uses.other_field ? predicate.other_field >= arity : predicate.other_field != 0) {
        return "no such other field";
    }
    if (predicate.cased && !uses.cased) return "cased, with an op that is not";
    if (!predicate.text.empty() && !uses.text) return "a text that the op does not use";
    if (predicate.integer != 0 && !uses.integer) return "an integer that the op does not use";
    const bool glob = predicate.op == Op::kGlob;
    if (glob == predicate.pieces.empty()) return "pieces without a glob, or a glob without";
    if (!std::ranges::all_of(predicate.pieces, piece_in_form)) return "wildcards out of order";
    const bool cidr = predicate.op == Op::kCidr;
    if (cidr && !network_in_form(predicate)) return "not a network";
    if (!cidr && (!predicate.network.empty() || predicate.prefix_bits != 0)) {
        return "a network that the op does not use";
    }
    return nullptr;
}

Result<void> check_size(const Predicate& predicate, const ProgramLimits& limits) {
    std::size_t bytes = predicate.text.size();
    for (const GlobPiece& piece : predicate.pieces) bytes += piece.text.size();
    const bool regex = predicate.op == Op::kRegex;
    const std::size_t bytes_max = regex ? limits.regex_bytes_max : limits.text_bytes_max;
    if (bytes <= bytes_max && predicate.pieces.size() <= limits.text_bytes_max) return {};
    return fail(Errc::kTooLarge, "an operand is " + std::to_string(bytes) + " bytes, at most " +
                                     std::to_string(bytes_max) + " are allowed");
}

/// A number that equal predicates share.
std::size_t digest(const Predicate& predicate) {
    const std::hash<std::string_view> hash;
    std::size_t sum = hash(predicate.text);
    const auto mix = [&sum](std::size_t value) { sum = (sum ^ value) * 0x9E3779B97F4A7C15U; };
    mix(predicate.field);
    mix(static_cast<std::size_t>(predicate.op));
    mix(predicate.cased ? 1 : 0);
    mix(predicate.other_field);
    mix(static_cast<std::size_t>(predicate.integer));
    mix(predicate.prefix_bits);
    mix(hash(text_of(predicate.network)));
    for (const GlobPiece& piece : predicate.pieces) mix(hash(piece.text));
    return sum;
}

Result<void> check_alike(const std::vector<Predicate>& predicates) {
    std::vector<std::pair<std::size_t, std::uint32_t>> digests;
    digests.reserve(predicates.size());
    for (std::uint32_t i = 0; i < predicates.size(); ++i) {
        digests.emplace_back(digest(predicates[i]), i);
    }
    std::ranges::sort(digests);
    // Within a run of one digest, which is one predicate but for collisions, neighbours suffice:
    // two alike that a collision separates waste memory and harm nobody.
    for (std::size_t i = 1; i < digests.size(); ++i) {
        if (digests[i].first != digests[i - 1].first) continue;
        if (predicates[digests[i].second] != predicates[digests[i - 1].second]) continue;
        return fail(Errc::kInvalid,
                    "predicate " + std::to_string(digests[i].second) + ": given twice");
    }
    return {};
}

Result<void> check_predicates(const Program& program, const ProgramLimits& limits) {
    if (program.predicates.size() > limits.predicates_max) {
        return fail(Errc::kTooLarge, std::to_string(program.predicates.size()) + " predicates");
    }
    for (std::size_t i = 0; i < program.predicates.size(); ++i) {
        const Predicate& predicate = program.predicates[i];
        const auto name = [i] { return "predicate " + std::to_string(i); };
        if (const char* fault = fault_of(predicate, program.arity)) {
            return fail(Errc::kInvalid, name() + ": " + fault);
        }
        if (auto fits = check_size(predicate, limits); !fits) {
            return fail(fits.error().seen_from(name()));
        }
    }
    return check_alike(program.predicates);
}

/// Why the nodes are no tree whose last node is the root; nullptr when they are.
const char* fault_of(const std::vector<Node>& nodes, std::vector<bool>& predicate_used) {
    std::vector<bool> has_parent(nodes.size(), false);
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        const Node& node = nodes[at];
        switch (node.kind) {
            case Node::Kind::kPredicate:
                if (!node.children.empty()) return "a predicate has no children";
                if (node.predicate >= predicate_used.size()) return "no such predicate";
                predicate_used[node.predicate] = true;
                continue;
            case Node::Kind::kNot:
                if (node.children.size() != 1) return "not has one child";
                break;
            case Node::Kind::kAll:
            case Node::Kind::kAny:
                if (node.children.empty()) return "and and or have at least one child";
                break;
            default: return "unknown kind of node";
        }
        if (node.predicate != 0) return "a predicate that the node does not use";
        for (const std::uint32_t child : node.children) {
            if (child >= at) return "a child is not before its parent";
            if (has_parent[child]) return "a node has two parents";
            has_parent[child] = true;
        }
    }
    has_parent.pop_back();
    return std::ranges::find(has_parent, false) == has_parent.end() ? nullptr
                                                                    : "a node is not used";
}

Result<void> check_rule(const Rule& rule, const ProgramLimits& limits, std::vector<bool>& used) {
    const std::size_t longest = std::max({rule.id.size(), rule.title.size(), rule.file.size()});
    if (longest > limits.name_bytes_max) return fail(Errc::kTooLarge, "a name is too long");
    if (!names(rule.id)) return fail(Errc::kInvalid, "the id must be visible ASCII");
    if (!one_line(rule.title) || !one_line(rule.file)) {
        return fail(Errc::kInvalid, "title and file must be one line of UTF-8 each");
    }
    if (std::ranges::find(kLevels, rule.level) == kLevels.end()) {
        return fail(Errc::kInvalid, "unknown level");
    }
    if (rule.nodes.empty()) return fail(Errc::kInvalid, "no condition");
    if (rule.nodes.size() > limits.nodes_per_rule_max) {
        return fail(Errc::kTooLarge, std::to_string(rule.nodes.size()) + " nodes, at most " +
                                         std::to_string(limits.nodes_per_rule_max));
    }
    if (const char* fault = fault_of(rule.nodes, used)) return fail(Errc::kInvalid, fault);
    return {};
}

}  // namespace

Result<void> check_program(const Program& program, const ProgramLimits& limits) {
    if (!names(program.contract) || program.contract.size() > limits.name_bytes_max) {
        return fail(Errc::kInvalid, "the contract must be named, in visible ASCII");
    }
    if (program.arity == kAnyField) return fail(Errc::kTooLarge, "65535 fields");
    if (program.rules.empty()) return fail(Errc::kInvalid, "no rules");
    if (program.rules.size() > limits.rules_max) {
        return fail(Errc::kTooLarge, std::to_string(program.rules.size()) + " rules, at most " +
                                         std::to_string(limits.rules_max));
    }
    if (auto good = check_predicates(program, limits); !good) return good;

    std::vector<bool> used(program.predicates.size(), false);
    for (std::size_t i = 0; i < program.rules.size(); ++i) {
        const Rule& rule = program.rules[i];
        if (auto good = check_rule(rule, limits, used); !good) {
            return fail(good.error().seen_from(names(rule.id) ? "rule " + rule.id
                                                              : "rule " + std::to_string(i)));
        }
        if (i > 0 && rule.id <= program.rules[i - 1].id) {
            return fail(Errc::kInvalid, "rule " + rule.id + ": out of order, or given twice");
        }
    }
    const auto unused = std::ranges::find(used, false);
    if (unused != used.end()) {
        return fail(Errc::kInvalid,
                    "predicate " + std::to_string(unused - used.begin()) + ": used by no rule");
    }
    return {};
}

}  // namespace firebreak::sigma
