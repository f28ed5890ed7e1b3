#include "sensor/sigma/run/rule_set.hpp"

#include <algorithm>
#include <bit>

namespace firebreak::sigma {
namespace {

std::size_t memory_of(const Program& program) {
    std::size_t bytes =
        program.predicates.capacity() * sizeof(Predicate) + program.rules.capacity() * sizeof(Rule);
    for (const Predicate& predicate : program.predicates) {
        bytes += predicate.text.capacity() + predicate.network.capacity();
        for (const GlobPiece& piece : predicate.pieces) {
            bytes += sizeof piece + piece.text.capacity() + 2 * piece.any.capacity();
        }
    }
    for (const Rule& rule : program.rules) {
        bytes += rule.id.capacity() + rule.title.capacity() + rule.file.capacity() +
                 rule.nodes.capacity() * sizeof(Node);
        for (const Node& node : rule.nodes) bytes += 4 * node.children.capacity();
    }
    return bytes;
}

/// Bits of asked_.
constexpr std::uint8_t kMet = 1;
constexpr std::uint8_t kMissed = 2;

}  // namespace

Result<RuleSet> RuleSet::make(Program program) {
    Result<PredicateSet> predicates = PredicateSet::make(program);
    if (!predicates) return fail(predicates.error());
    const std::vector<Guard> guards = guards_of(*predicates);
    TriggerIndex index(necessary_for(program, guards), guards);
    return RuleSet(std::move(program), std::move(*predicates), std::move(index));
}

RuleSet::RuleSet(Program program, PredicateSet predicates, TriggerIndex index)
    : program_(std::move(program)),
      predicates_(std::move(predicates)),
      index_(std::move(index)),
      found_(index_.make_found()),
      answers_(predicates_.size(), 0) {
    std::size_t nodes_max = 0;
    for (const Rule& rule : program_.rules) {
        first_step_.push_back(static_cast<std::uint32_t>(steps_.size()));
        const std::vector<Step> steps = flatten(
            rule.nodes, [this](std::uint32_t predicate) { return predicates_.cost(predicate); });
        steps_.insert(steps_.end(), steps.begin(), steps.end());
        nodes_max = std::max(nodes_max, rule.nodes.size());
    }
    first_step_.push_back(static_cast<std::uint32_t>(steps_.size()));
    node_holds_.resize(nodes_max);
    node_stack_.resize(nodes_max);
}

/// Asks each predicate at most once an event, and not at all where the index has seen the answer.
bool RuleSet::holds(std::uint32_t predicate, Event& event, Budget& budget) {
    const std::optional<bool> known = index_.holds(found_, predicate);
    if (known) return budget.spend(1) && *known;
    std::uint32_t& answer = answers_.at(predicate);
    if (answer / 2 != event_) {
        answer = 2 * event_ + (predicates_.holds(predicate, event, budget) ? 1 : 0);
    }
    return answer % 2 == 1;
}

/// Runs each condition as evaluate() does, and notes what it asks.
void RuleSet::ask_every_rule(Event& event, Budget& budget) {
    for (std::size_t at = 0; at < program_.rules.size() && !budget.out(); ++at) {
        const std::uint32_t begin = first_step_.at(at);
        const std::uint32_t count = first_step_.at(at + 1) - begin;
        std::uint32_t next = 0;
        while (next < count && !budget.out()) {
            const Step& step = steps_.at(begin + next);
            const bool met = holds(step.predicate, event, budget);
            // What a predicate says once the budget is out means nothing.
            if (!budget.out()) asked_.at(begin + next) |= met ? kMet : kMissed;
            next = met ? step.if_true : step.if_false;
        }
    }
}

std::vector<Reading> RuleSet::readings(std::size_t rule) const {
    std::vector<Reading> readings;
    for (std::size_t at = first_step_.at(rule); at < first_step_.at(rule + 1); ++at) {
        const std::uint8_t asked = asked_.at(at);
        if (asked == 0) continue;
        const PredicateSet::Ready& predicate = predicates_.at(steps_.at(at).predicate);
        auto found = std::ranges::find_if(readings, [&predicate](const Reading& reading) {
            return reading.field == predicate.field && reading.op == predicate.op;
        });
        if (found == readings.end()) {
            found = readings.insert(found, {.field = predicate.field, .op = predicate.op});
        }
        found->met = found->met || (asked & kMet) != 0;
        found->missed = found->missed || (asked & kMissed) != 0;
    }
    return readings;
}

fb_status RuleSet::evaluate(Event& event, Budget& budget, const OnMatch& on_match) {
    event_ = (event_ + 1) % (1U << 31U);
    if (event_ == 0) {  // Once in two thousand million events.
        answers_.assign(answers_.size(), 0);
        event_ = 1;
    }
    index_.find(event, found_, budget);
    if (measuring()) ask_every_rule(event, budget);
    const std::vector<std::uint64_t>& words = found_.rules.words();
    for (std::size_t word = 0; word < words.size(); ++word) {
        for (std::uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
            const std::size_t at = 64 * word + static_cast<std::size_t>(std::countr_zero(bits));
            const std::uint32_t begin = first_step_.at(at);
            const std::span<const Step> steps(steps_.data() + begin,
                                              first_step_.at(at + 1) - begin);
            const bool matched = run(
                steps, [&](std::uint32_t predicate) { return holds(predicate, event, budget); });
            if (budget.out()) return FB_TIMEOUT;
            if (!matched) continue;
            const Rule& rule = program_.rules.at(at);
            const std::span<const Evidence> evidence = explain(rule, event, budget);
            if (budget.out()) return FB_TIMEOUT;
            if (!on_match({rule, evidence})) return FB_LIMIT;
        }
    }
    return budget.out() ? FB_TIMEOUT : FB_OK;
}

/// Walks from the condition down through what made it true: all children of an "and", the first
/// true one of an "or", nothing below a "not".
std::span<const Evidence> RuleSet::explain(const Rule& rule, Event& event, Budget& budget) {
    for (std::size_t at = 0; at < rule.nodes.size(); ++at) {
        const Node& node = rule.nodes[at];
        const auto child_holds = [this](std::uint32_t child) {
            return bool{node_holds_.at(child)};
        };
        switch (node.kind) {
            case Node::Kind::kPredicate:
                node_holds_.at(at) = holds(node.predicate, event, budget);
                break;
            case Node::Kind::kNot: node_holds_.at(at) = !child_holds(node.children.at(0)); break;
            case Node::Kind::kAll:
                node_holds_.at(at) = std::ranges::all_of(node.children, child_holds);
                break;
            case Node::Kind::kAny:
                node_holds_.at(at) = std::ranges::any_of(node.children, child_holds);
                break;
        }
    }
    std::size_t found = 0;
    std::size_t depth = 0;
    node_stack_.at(depth++) = static_cast<std::uint32_t>(rule.nodes.size() - 1);
    while (depth > 0 && found < kEvidenceMax) {
        const Node& node = rule.nodes.at(node_stack_.at(--depth));
        if (node.kind == Node::Kind::kPredicate) {
            const auto field = predicates_.matched_field(node.predicate, event, budget);
            if (field) evidence_.at(found++) = {*field, node.predicate};
        } else if (node.kind == Node::Kind::kAll) {
            for (std::size_t i = node.children.size(); i > 0; --i) {
                node_stack_.at(depth++) = node.children[i - 1];
            }
        } else if (node.kind == Node::Kind::kAny) {
            const auto first = std::ranges::find_if(
                node.children, [this](std::uint32_t child) { return bool{node_holds_.at(child)}; });
            if (first != node.children.end()) node_stack_.at(depth++) = *first;
        }
    }
    return std::span<const Evidence>(evidence_).first(found);
}

std::size_t RuleSet::memory_bytes() const {
    return sizeof(RuleSet) + memory_of(program_) + predicates_.memory_bytes() +
           index_.memory_bytes() + steps_.capacity() * sizeof(Step) + 4 * first_step_.capacity() +
           4 * answers_.capacity() + found_.literals.memory_bytes() + 5 * node_stack_.capacity();
}

}  // namespace firebreak::sigma
