#pragma once

#include <string>

#include "sensor/sigma/program/program.hpp"

/// Small programs for tests, with everything that the format can say.
namespace firebreak::sigma::test {

inline constexpr std::uint16_t kArity = 6;

/// field 0: "<op> text".
inline Predicate text_predicate(Op op, std::string text, std::uint16_t field = 0) {
    return {.field = field, .op = op, .text = std::move(text)};
}

inline Node leaf(std::uint32_t predicate) {
    return {.kind = Node::Kind::kPredicate, .predicate = predicate};
}
inline Node negation(std::uint32_t child) {
    return {.kind = Node::Kind::kNot, .children = {child}};
}
inline Node all_of(std::vector<std::uint32_t> children) {
    return {.kind = Node::Kind::kAll, .children = std::move(children)};
}
inline Node any_of(std::vector<std::uint32_t> children) {
    return {.kind = Node::Kind::kAny, .children = std::move(children)};
}

/// "rule-00007", so that numbers sort as ids do.
inline std::string rule_id(std::size_t number) {
    std::string digits = std::to_string(number);
    return "rule-" + std::string(5 - digits.size(), '0') + digits;
}

/// A rule whose condition is the last of `nodes`.
inline Rule rule_of(std::size_t number, std::vector<Node> nodes) {
    return {.id = rule_id(number),
            .title = "Rule " + std::to_string(number),
            .level = "high",
            .file = "rules/sample.yml",
            .line = static_cast<std::uint32_t>(number + 1),
            .nodes = std::move(nodes)};
}

/// One rule for each predicate, in their order.
inline Program one_rule_each(std::vector<Predicate> predicates,
                             std::string contract = "sample/v1") {
    Program program{.contract = std::move(contract), .arity = kArity};
    for (std::uint32_t i = 0; i < predicates.size(); ++i) {
        program.rules.push_back(rule_of(i, {leaf(i)}));
    }
    program.predicates = std::move(predicates);
    return program;
}

/// Every op, every kind of node, and every part of a record.
inline Program sample_program() {
    Program program = one_rule_each({
        text_predicate(Op::kAbsent, ""),
        text_predicate(Op::kPresent, "", 5),
        text_predicate(Op::kEquals, "cmd.exe"),
        {.op = Op::kEquals, .cased = true, .text = "Cmd.exe"},
        {.field = kAnyField, .op = Op::kContains, .text = "mimikatz"},
        text_predicate(Op::kStartsWith, "C:\\"),
        text_predicate(Op::kEndsWith, "\\powershell.exe", 1),
        {.field = 2,
         .op = Op::kGlob,
         .pieces = {{.text = std::string("a\0c", 3), .any = {1}}, {.text = "z"}, {}}},
        text_predicate(Op::kRegex, "(?i)invoke-[a-z]+", 3),
        {.field = 4, .op = Op::kCidr, .network = {10, 0, 0, 0}, .prefix_bits = 8},
        {.field = 4,
         .op = Op::kCidr,
         .network = {0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
         .prefix_bits = 10},
        {.field = 5, .op = Op::kIntegerEquals, .integer = 4688},
        {.field = 5, .op = Op::kLess, .integer = -1},
        {.field = 5, .op = Op::kLessOrEqual, .integer = INT64_MIN},
        {.field = 5, .op = Op::kGreater, .integer = INT64_MAX},
        {.field = 5, .op = Op::kGreaterOrEqual, .integer = 0},
        {.field = 0, .op = Op::kSameAs, .other_field = 1},
        {.field = 0, .op = Op::kSameStart, .cased = true, .other_field = 1},
        {.field = 0, .op = Op::kSameEnd, .other_field = 1},
        {.field = 0, .op = Op::kSameInside, .other_field = 1},
    });
    program.rules.push_back(
        rule_of(program.rules.size(),
                {leaf(2), leaf(4), negation(1), any_of({0, 2}), leaf(6), all_of({4, 3})}));
    return program;
}

}  // namespace firebreak::sigma::test
