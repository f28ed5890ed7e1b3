#include "sensor/sigma/program/reference.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <re2/re2.h>

namespace firebreak::sigma {
namespace {

std::optional<std::string> text_of_value(const ReferenceValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
    return std::nullopt;
}

/// The value as a number: of a text, all of it, decimal or hexadecimal after 0x.
std::optional<std::int64_t> integer_of_value(const ReferenceValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::nullopt;
    std::string_view digits = *text;
    const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
    if (hexadecimal) digits.remove_prefix(2);
    if (hexadecimal && digits.starts_with('-')) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                             hexadecimal ? 16 : 10);
    const bool whole = code == std::errc() && end == digits.data() + digits.size();
    return whole ? std::optional(number) : std::nullopt;
}

std::string folded(std::string text, bool cased) {
    if (cased) return text;
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

/// Whether the character at `at` of a piece stands for any one.
bool any_at(const GlobPiece& piece, std::size_t at) {
    return std::ranges::find(piece.any, at) != piece.any.end();
}

bool piece_at(const GlobPiece& piece, const std::string& text, std::size_t at) {
    if (text.size() - at < piece.text.size()) return false;
    for (std::size_t i = 0; i < piece.text.size(); ++i) {
        if (!any_at(piece, i) && piece.text[i] != text[at + i]) return false;
    }
    return true;
}

/// Whether text[at..] is pieces[next..], each but the first after any text. Recurses once a piece.
bool glob_from(const std::vector<GlobPiece>& pieces, std::size_t next, const std::string& text,
               std::size_t at) {
    if (next == pieces.size()) return true;
    const GlobPiece& piece = pieces[next];
    const bool last = next + 1 == pieces.size();
    for (std::size_t start = at; start <= text.size(); ++start) {
        if (!piece_at(piece, text, start)) continue;
        if (last && start + piece.text.size() != text.size()) continue;
        // The leftmost place leaves the most room for the others: no other needs to be tried.
        return last || glob_from(pieces, next + 1, text, start + piece.text.size());
    }
    return false;
}

bool glob(std::vector<GlobPiece> pieces, const std::string& value, bool cased) {
    for (GlobPiece& piece : pieces) piece.text = folded(piece.text, cased);
    const std::string text = folded(value, cased);
    if (!piece_at(pieces.front(), text, 0)) return false;
    if (pieces.size() == 1) return text.size() == pieces.front().text.size();
    return glob_from(pieces, 1, text, pieces.front().text.size());
}

/// A zone (fe80::1%3) is no part of the address, and ::ffff:10.0.0.1 is 10.0.0.1.
/// The address that `text` is, without its zone; one of IPv4 in IPv6's clothes as IPv4.
std::vector<std::uint8_t> address_of(std::string text) {
    if (text.find('\0') != std::string::npos) return {};
    text = text.substr(0, text.find('%'));
    std::vector<std::uint8_t> bytes(16);
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        bytes.resize(4);
        return bytes;
    }
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
    const std::vector<std::uint8_t> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) {
        bytes.erase(bytes.begin(), bytes.begin() + 12);
    }
    return bytes;
}

bool in_network(const Predicate& predicate, const std::string& text) {
    const std::vector<std::uint8_t> address = address_of(text);
    if (address.size() != predicate.network.size()) return false;
    for (std::size_t bit = 0; bit < predicate.prefix_bits; ++bit) {
        const unsigned mask = 0x80U >> (bit % 8);
        if ((address.at(bit / 8) & mask) != (predicate.network[bit / 8] & mask)) return false;
    }
    return true;
}

bool compare_text(Op op, const std::string& text, const std::string& operand) {
    switch (op) {
        case Op::kEquals:
        case Op::kSameAs: return text == operand;
        case Op::kContains:
        case Op::kSameInside: return text.find(operand) != std::string::npos;
        case Op::kStartsWith:
        case Op::kSameStart: return text.starts_with(operand);
        case Op::kEndsWith:
        case Op::kSameEnd: return text.ends_with(operand);
        default: return false;
    }
}

bool compare_integer(Op op, std::int64_t value, std::int64_t operand) {
    switch (op) {
        case Op::kIntegerEquals: return value == operand;
        case Op::kLess: return value < operand;
        case Op::kLessOrEqual: return value <= operand;
        case Op::kGreater: return value > operand;
        case Op::kGreaterOrEqual: return value >= operand;
        default: return false;
    }
}

ReferenceValue value_at(const ReferenceEvent& event, std::size_t at) {
    return at < event.size() ? event[at] : ReferenceValue{};
}

bool regex(const Predicate& predicate, const std::string& text) {
    RE2::Options options;
    options.set_log_errors(false);
    // A pattern of ASCII alone is about bytes, any other about UTF-8 (program.hpp).
    const bool about_bytes =
        std::ranges::all_of(predicate.text, [](char c) { return (c & 0x80) == 0; }) &&
        !RE2::PartialMatch(predicate.text, R"(\\[pP]|\\x\{)");
    if (about_bytes) options.set_encoding(RE2::Options::EncodingLatin1);
    const RE2 compiled(predicate.text, options);
    return compiled.ok() && RE2::PartialMatch(text, compiled);
}

bool asks_value(const Predicate& predicate, const ReferenceValue& value,
                const ReferenceEvent& event) {
    const std::optional<std::string> text = text_of_value(value);
    if (predicate.op == Op::kAbsent) return !text;
    if (!text) return false;
    switch (predicate.op) {
        case Op::kPresent: return true;
        case Op::kGlob: return glob(predicate.pieces, *text, predicate.cased);
        case Op::kRegex: return regex(predicate, *text);
        case Op::kCidr: return in_network(predicate, *text);
        case Op::kIntegerEquals:
        case Op::kLess:
        case Op::kLessOrEqual:
        case Op::kGreater:
        case Op::kGreaterOrEqual: {
            const std::optional<std::int64_t> integer = integer_of_value(value);
            return integer && compare_integer(predicate.op, *integer, predicate.integer);
        }
        case Op::kSameAs:
        case Op::kSameStart:
        case Op::kSameEnd:
        case Op::kSameInside: {
            const auto other = text_of_value(value_at(event, predicate.other_field));
            return other && compare_text(predicate.op, folded(*text, predicate.cased),
                                         folded(*other, predicate.cased));
        }
        default:
            return compare_text(predicate.op, folded(*text, predicate.cased),
                                folded(predicate.text, predicate.cased));
    }
}

/// As deep as the rule's tree, which has a few hundred levels at most.
bool holds(const Program& program, const Rule& rule, std::uint32_t at,
           const ReferenceEvent& event) {
    const Node& node = rule.nodes.at(at);
    const auto child_holds = [&](std::uint32_t child) {
        return holds(program, rule, child, event);
    };
    switch (node.kind) {
        case Node::Kind::kPredicate:
            return reference_asks(program.predicates.at(node.predicate), event);
        case Node::Kind::kNot: return !child_holds(node.children.at(0));
        case Node::Kind::kAll: return std::ranges::all_of(node.children, child_holds);
        case Node::Kind::kAny: return std::ranges::any_of(node.children, child_holds);
    }
    return false;
}

}  // namespace

bool reference_asks(const Predicate& predicate, const ReferenceEvent& event) {
    if (predicate.field != kAnyField) {
        return asks_value(predicate, value_at(event, predicate.field), event);
    }
    return std::ranges::any_of(
        event, [&](const ReferenceValue& value) { return asks_value(predicate, value, event); });
}

bool reference_matches(const Program& program, const Rule& rule, const ReferenceEvent& event) {
    return holds(program, rule, static_cast<std::uint32_t>(rule.nodes.size() - 1), event);
}

std::vector<std::string> reference_evaluate(const Program& program, const ReferenceEvent& event) {
    std::vector<std::string> ids;
    for (const Rule& rule : program.rules) {
        if (reference_matches(program, rule, event)) ids.push_back(rule.id);
    }
    return ids;
}

}  // namespace firebreak::sigma
