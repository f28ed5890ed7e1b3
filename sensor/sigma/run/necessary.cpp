#include "sensor/sigma/run/necessary.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace firebreak::sigma {
namespace {

/// Of what cannot be a trigger, and of whatever contains it.
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > kNever - b ? kNever : a + b;
}

Guard guard_of(const PredicateSet& predicates, std::uint32_t predicate) {
    const PredicateSet::Ready& ready = predicates.at(predicate);
    Guard guard;
    const auto add = [&](std::string_view text, bool at_start, bool at_end) {
        if (text.empty()) return;
        std::string folded(text);
        fold_into(text, folded.data());
        guard.triggers.push_back({ready.field, at_start, at_end, std::move(folded)});
        // All ops but glob and regex are about nothing but this text.
        guard.decides = !ready.cased;
    };
    switch (ready.op) {
        case Op::kEquals: add(ready.operand, true, true); break;
        case Op::kContains: add(ready.operand, false, false); break;
        case Op::kStartsWith: add(ready.operand, true, false); break;
        case Op::kEndsWith: add(ready.operand, false, true); break;
        case Op::kGlob:
            add(predicates.glob_of(ready).literal(), false, false);
            guard.decides = false;
            break;
        case Op::kRegex:
            for (const std::string& atom : predicates.regex_of(ready).atoms()) {
                add(atom, false, false);
            }
            guard.decides = false;
            break;
        case Op::kIntegerEquals:
            if (ready.field != kAnyField) guard.integers.push_back({ready.field, ready.integer});
            break;
        default: break;
    }
    return guard;
}

/// How often a literal is seen, in no unit but against others.
std::uint64_t frequency(std::size_t literal_bytes) {
    if (literal_bytes >= 8) return 1;
    if (literal_bytes >= 4) return 4;
    return literal_bytes == 3 ? 32 : 256;
}

/// Of a field about which rules ask this many things or more, no one thing is often there.
constexpr std::uint64_t kManyAsked = 64;

/// What each predicate costs as a trigger.
std::vector<std::uint64_t> costs_of(const Program& program, const std::vector<Guard>& guards) {
    std::vector<std::uint64_t> uses(guards.size(), 0);
    for (const Rule& rule : program.rules) {
        for (const Node& node : rule.nodes) {
            if (node.kind == Node::Kind::kPredicate) ++uses.at(node.predicate);
        }
    }
    std::map<std::uint16_t, std::uint64_t> asked;
    for (const Predicate& predicate : program.predicates) ++asked[predicate.field];
    std::vector<std::uint64_t> costs(guards.size(), kNever);
    for (std::size_t at = 0; at < guards.size(); ++at) {
        const Guard& guard = guards[at];
        if (guard.empty()) continue;
        std::uint64_t cost = 8 * guard.integers.size();
        for (const Trigger& trigger : guard.triggers) cost += frequency(trigger.literal.size());
        const std::uint64_t of_field = asked.at(program.predicates.at(at).field);
        costs[at] = cost * uses[at] * std::max<std::uint64_t>(kManyAsked / of_field, 1);
    }
    return costs;
}

/// The child of an "and" that is seen least.
std::uint32_t rarest(const Node& node, const std::vector<std::uint64_t>& costs) {
    return *std::ranges::min_element(node.children, {},
                                     [&costs](std::uint32_t child) { return costs[child]; });
}

Necessary necessary_for(const Rule& rule, const std::vector<std::uint64_t>& predicate_costs) {
    std::vector<std::uint64_t> costs(rule.nodes.size(), kNever);
    for (std::size_t at = 0; at < rule.nodes.size(); ++at) {
        const Node& node = rule.nodes[at];
        if (node.kind == Node::Kind::kPredicate) {
            costs[at] = predicate_costs.at(node.predicate);
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
            needs.predicates.push_back(node.predicate);
        } else if (node.kind == Node::Kind::kAll) {
            chosen.push_back(rarest(node, costs));
        } else {
            chosen.insert(chosen.end(), node.children.begin(), node.children.end());
        }
    }
    return needs;
}

}  // namespace

std::vector<Guard> guards_of(const PredicateSet& predicates) {
    std::vector<Guard> guards;
    guards.reserve(predicates.size());
    for (std::uint32_t at = 0; at < predicates.size(); ++at) {
        guards.push_back(guard_of(predicates, at));
    }
    return guards;
}

std::vector<Necessary> necessary_for(const Program& program, const std::vector<Guard>& guards) {
    const std::vector<std::uint64_t> costs = costs_of(program, guards);
    std::vector<Necessary> needs;
    needs.reserve(program.rules.size());
    for (const Rule& rule : program.rules) needs.push_back(necessary_for(rule, costs));
    return needs;
}

}  // namespace firebreak::sigma
