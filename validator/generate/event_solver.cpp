#include "validator/generate/event_solver.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace firebreak::validator {
namespace {

using sigma::kAnyField;
using sigma::Node;
using sigma::Op;
using sigma::Predicate;
using sigma::ReferenceEvent;
using sigma::Rule;

constexpr unsigned kMatchAttempts = 40;
constexpr unsigned kPivotAttempts = 4;

/// Criteria of one field and op that are tried until one of them decides about the rule.
constexpr std::size_t kCriteriaTried = 8;

bool about_other_field(Op op) {
    return op >= Op::kSameAs;
}

/// The child of each node through which the way to `pivot` goes; a node itself where there is none.
std::vector<std::optional<std::uint32_t>> path_to(const Rule& rule, std::uint32_t pivot) {
    std::vector<std::optional<std::uint32_t>> path(rule.nodes.size());
    std::uint32_t below = pivot;
    for (std::uint32_t at = pivot + 1; at < rule.nodes.size(); ++at) {
        if (std::ranges::find(rule.nodes[at].children, below) == rule.nodes[at].children.end()) {
            continue;
        }
        path[at] = below;
        below = at;
    }
    return path;
}

/// Whether the rule is met when the pivot is: it is not below an odd number of "not".
bool same_sense(const Rule& rule, const std::vector<std::optional<std::uint32_t>>& path) {
    bool same = true;
    for (std::size_t at = 0; at < path.size(); ++at) {
        if (path[at] && rule.nodes[at].kind == Node::Kind::kNot) same = !same;
    }
    return same;
}

bool same_value(const sigma::ReferenceEvent& a, const sigma::ReferenceEvent& b) {
    return a == b;
}

}  // namespace

std::uint32_t EventSolver::choose(const Node& node, unsigned attempt) {
    if (attempt == 0) return node.children.front();
    if (attempt == 1) return node.children.back();
    return node.children.at(random_.below(node.children.size()));
}

/// Walks the tree from the condition down; children stand before their parents.
std::optional<std::vector<Wish>> EventSolver::wishes_for(const Rule& rule, const Goal& goal,
                                                         unsigned attempt) {
    std::vector<std::optional<bool>> goals(rule.nodes.size());
    std::vector<std::optional<std::uint32_t>> path(rule.nodes.size());
    goals.back() = goal.met;
    if (goal.pivot) {
        path = path_to(rule, *goal.pivot);
        goals.back() = same_sense(rule, path) == goal.met;
    }
    std::map<std::uint32_t, bool> wished;
    std::vector<Wish> wishes;
    for (std::uint32_t at = static_cast<std::uint32_t>(rule.nodes.size()); at-- > 0;) {
        if (!goals[at]) continue;
        const Node& node = rule.nodes[at];
        const bool value = *goals[at];
        if (node.kind == Node::Kind::kPredicate) {
            const auto [known, added] = wished.try_emplace(node.predicate, value);
            if (known->second != value) return std::nullopt;
            const bool near = goal.pivot && at == *goal.pivot && !value;
            if (added) wishes.push_back({node.predicate, value, near});
            continue;
        }
        if (node.kind == Node::Kind::kNot) {
            goals[node.children[0]] = !value;
            continue;
        }
        const bool all = node.kind == Node::Kind::kAll;
        if (path[at]) {
            // The others must leave the answer to the one on the path.
            bool behind = false;
            for (const std::uint32_t child : node.children) {
                if (child == *path[at]) {
                    goals[child] = value;
                    behind = true;
                } else if (goal.beside == Beside::kAll ||
                           (goal.beside == Beside::kBefore && !behind)) {
                    goals[child] = all;
                }
            }
        } else if (all == value) {
            for (const std::uint32_t child : node.children) goals[child] = value;
        } else {
            goals[choose(node, attempt)] = value;
        }
    }
    return wishes;
}

std::optional<ReferenceEvent> EventSolver::solve(const std::vector<Wish>& wishes,
                                                 unsigned attempt) {
    std::map<std::uint16_t, std::vector<Wish>> by_field;
    std::vector<Wish> anywhere;
    std::set<std::uint16_t> last;  // Fields compared with others come after those.
    for (const Wish& wish : wishes) {
        const Predicate& predicate = program_.predicates.at(wish.predicate);
        if (predicate.field == kAnyField) {
            if (wish.met || wish.near) anywhere.push_back(wish);
            continue;
        }
        by_field[predicate.field].push_back(wish);
        if (!about_other_field(predicate.op)) continue;
        last.insert(predicate.field);
        // The other one must be there to be compared with.
        by_field.try_emplace(predicate.other_field);
    }
    // Keywords go where nothing else is asked, or else together with what is.
    for (const Wish& wish : anywhere) {
        std::uint16_t field = 0;
        while (field + 1 < program_.arity && by_field.contains(field)) ++field;
        by_field[field].push_back(wish);
    }
    ReferenceEvent event(program_.arity);
    for (const bool compared : {false, true}) {
        for (const auto& [field, about] : by_field) {
            if (last.contains(field) != compared) continue;
            if (about.empty()) {
                event[field] = std::string("firebreak");
            } else if (!grant(program_, about, field, event, attempt, random_)) {
                return std::nullopt;
            }
        }
    }
    return event;
}

std::optional<DirectedEvent> EventSolver::match(const Rule& rule) {
    for (unsigned attempt = 0; attempt < kMatchAttempts; ++attempt) {
        const auto wishes = wishes_for(rule, {}, attempt);
        if (!wishes) continue;
        std::optional<ReferenceEvent> event = solve(*wishes, attempt);
        if (!event || !sigma::reference_matches(program_, rule, *event)) continue;
        return DirectedEvent{*std::move(event), "all criteria met", true};
    }
    return std::nullopt;
}

/// With everything else as it must be; failing that, with everything before; failing that, alone.
std::optional<ReferenceEvent> EventSolver::pivot_event(const Rule& rule, Goal& goal) {
    for (const Beside beside : {Beside::kAll, Beside::kBefore, Beside::kNothing}) {
        goal.beside = beside;
        for (unsigned attempt = 0; attempt < kPivotAttempts; ++attempt) {
            const auto wishes = wishes_for(rule, goal, attempt);
            if (!wishes) continue;
            if (std::optional<ReferenceEvent> event = solve(*wishes, attempt)) return event;
        }
    }
    return std::nullopt;
}

/// @returns whether the criterion decides about the rule in both events.
bool EventSolver::add_criterion(const Rule& rule, std::uint32_t node,
                                std::vector<DirectedEvent>& events) {
    const auto number = std::ranges::count(rule.nodes.begin(), rule.nodes.begin() + node + 1,
                                           Node::Kind::kPredicate, &Node::kind);
    bool decides = true;
    for (const bool met : {true, false}) {
        Goal goal{.pivot = node, .met = met};
        std::optional<ReferenceEvent> event = pivot_event(rule, goal);
        decides = decides && event && goal.beside == Beside::kAll;
        if (!event) continue;
        add(rule, *std::move(event),
            "criterion " + std::to_string(number) + (met ? " met" : " just not met"), events);
    }
    return decides;
}

void EventSolver::add(const Rule& rule, ReferenceEvent values, std::string purpose,
                      std::vector<DirectedEvent>& events) {
    const bool known = std::ranges::any_of(
        events, [&values](const DirectedEvent& event) { return same_value(event.values, values); });
    if (known) return;
    const bool matches = sigma::reference_matches(program_, rule, values);
    events.push_back({std::move(values), std::move(purpose), matches});
}

/// Every odd value in each field, for the first rule that reads it; one of them for the others.
void EventSolver::add_odd_values(const Rule& rule, const ReferenceEvent& base,
                                 std::size_t events_max, std::vector<DirectedEvent>& events) {
    tried_odd_.resize(program_.arity);
    std::set<std::uint16_t> fields;
    for (const Node& node : rule.nodes) {
        if (node.kind != Node::Kind::kPredicate) continue;
        const Predicate& predicate = program_.predicates.at(node.predicate);
        if (predicate.field != kAnyField) fields.insert(predicate.field);
        if (about_other_field(predicate.op)) fields.insert(predicate.other_field);
    }
    const auto& odd = odd_values();
    for (const std::uint16_t field : fields) {
        const std::size_t first = tried_odd_.at(field) ? random_.below(odd.size()) : 0;
        const std::size_t count = tried_odd_.at(field) ? 1 : odd.size();
        tried_odd_.at(field) = true;
        for (std::size_t i = first; i < first + count && events.size() < events_max; ++i) {
            ReferenceEvent event = base;
            event.at(field) = odd[i];
            add(rule, std::move(event),
                "odd value " + std::to_string(i + 1) + " in field " + std::to_string(field + 1),
                events);
        }
    }
}

std::vector<DirectedEvent> EventSolver::events_for(const Rule& rule, std::size_t events_max) {
    std::vector<DirectedEvent> events;
    const std::optional<DirectedEvent> found = match(rule);
    if (found) events.push_back(*found);
    std::map<std::pair<std::uint16_t, Op>, std::vector<std::uint32_t>> criteria;
    for (std::uint32_t at = 0; at < rule.nodes.size(); ++at) {
        if (rule.nodes[at].kind != Node::Kind::kPredicate) continue;
        const Predicate& predicate = program_.predicates.at(rule.nodes[at].predicate);
        criteria[{predicate.field, predicate.op}].push_back(at);
    }
    // Of each field and op, until one criterion decides both ways; the others when there is room.
    std::vector<std::uint32_t> rest;
    for (const auto& [asked, nodes] : criteria) {
        bool decided = false;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (decided || i >= kCriteriaTried) {
                rest.push_back(nodes[i]);
            } else {
                decided = add_criterion(rule, nodes[i], events);
            }
        }
    }
    add_odd_values(rule, found ? found->values : ReferenceEvent(program_.arity), events_max,
                   events);
    for (const std::uint32_t node : rest) {
        if (events.size() < events_max) add_criterion(rule, node, events);
    }
    if (events.size() < events_max) add(rule, ReferenceEvent(program_.arity), "no value", events);
    return events;
}

}  // namespace firebreak::validator
