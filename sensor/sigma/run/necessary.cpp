#include "sensor/sigma/run/necessary.hpp"

#include <algorithm>
#include <limits>

namespace firebreak::sigma {
namespace {

/// Shorter literals are in too many events to be looked for in all.
constexpr std::size_t kExactBytesMin = 4;

/// Of what cannot be a trigger, and of whatever contains it.
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > kNever - b ? kNever : a + b;
}

/// Adds what a predicate cannot be true without. @returns false when that is nothing.
bool add_triggers(const PredicateSet& predicates, std::uint32_t predicate, Necessary& to) {
    const PredicateSet::Ready& ready = predicates.at(predicate);
    const auto add = [&](std::string_view text, bool at_start, bool at_end) {
        if (text.empty()) return false;
        std::string folded(text);
        fold_into(text, folded.data());
        to.triggers.push_back({ready.field, at_start, at_end, std::move(folded)});
        return true;
    };
    switch (ready.op) {
        case Op::kEquals: return add(ready.operand, true, true);
        case Op::kContains: return add(ready.operand, false, false);
        case Op::kStartsWith: return add(ready.operand, true, false);
        case Op::kEndsWith: return add(ready.operand, false, true);
        case Op::kGlob: return add(predicates.glob_of(ready).literal(), false, false);
        case Op::kRegex: {
            const std::vector<std::string>& atoms = predicates.regex_of(ready).atoms();
            for (const std::string& atom : atoms) add(atom, false, false);
            return !atoms.empty();
        }
        case Op::kIntegerEquals:
            if (ready.field == kAnyField) return false;
            to.integers.push_back({ready.field, ready.integer});
            return true;
        default: return false;
    }
}

/// How often a trigger is seen, in no unit but against others.
std::uint64_t frequency(std::size_t literal_bytes) {
    if (literal_bytes >= 8) return 1;
    if (literal_bytes >= 4) return 4;
    return literal_bytes == 3 ? 32 : 256;
}

std::uint64_t cost_of(const PredicateSet& predicates, std::uint32_t predicate, std::uint32_t uses) {
    Necessary needs;
    if (!add_triggers(predicates, predicate, needs)) return kNever;
    std::uint64_t cost = 8 * needs.integers.size();
    for (const Trigger& trigger : needs.triggers) cost += frequency(trigger.literal.size());
    return cost * uses;
}

/// The child of an "and" that is seen least.
std::uint32_t rarest(const Node& node, const std::vector<std::uint64_t>& costs) {
    return *std::ranges::min_element(node.children, {},
                                     [&costs](std::uint32_t child) { return costs[child]; });
}

}  // namespace

Trigger exact_trigger(const PredicateSet::Ready& predicate) {
    const bool contains = predicate.op == Op::kContains && !predicate.cased;
    if (!contains || predicate.operand.size() < kExactBytesMin) return {};
    return {
        .field = predicate.field, .at_start = false, .at_end = false, .literal = predicate.operand};
}

std::vector<std::uint32_t> uses_of_predicates(const Program& program) {
    std::vector<std::uint32_t> uses(program.predicates.size(), 0);
    for (const Rule& rule : program.rules) {
        for (const Node& node : rule.nodes) {
            if (node.kind == Node::Kind::kPredicate) ++uses.at(node.predicate);
        }
    }
    return uses;
}

Necessary necessary_for(const Rule& rule, const PredicateSet& predicates,
                        const std::vector<std::uint32_t>& uses) {
    std::vector<std::uint64_t> costs(rule.nodes.size(), kNever);
    for (std::size_t at = 0; at < rule.nodes.size(); ++at) {
        const Node& node = rule.nodes[at];
        if (node.kind == Node::Kind::kPredicate) {
            costs[at] = cost_of(predicates, node.predicate, uses.at(node.predicate));
        } else if (node.kind == Node::Kind::kAll) {
            costs[at] = costs[rarest(node, costs)];
        } else if (node.kind == Node::Kind::kAny) {
            costs[at] = 0;
            for (const std::uint32_t child : node.children)
                costs[at] = sum(costs[at], costs[child]);
        }
    }
    Necessary needs{.always = costs.back() == kNever};
    if (needs.always) return needs;
    std::vector<std::uint32_t> chosen{static_cast<std::uint32_t>(rule.nodes.size() - 1)};
    while (!chosen.empty()) {
        const Node& node = rule.nodes.at(chosen.back());
        chosen.pop_back();
        if (node.kind == Node::Kind::kPredicate) {
            add_triggers(predicates, node.predicate, needs);
        } else if (node.kind == Node::Kind::kAll) {
            chosen.push_back(rarest(node, costs));
        } else {
            chosen.insert(chosen.end(), node.children.begin(), node.children.end());
        }
    }
    return needs;
}

}  // namespace firebreak::sigma
