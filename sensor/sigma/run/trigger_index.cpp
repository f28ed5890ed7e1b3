#include "sensor/sigma/run/trigger_index.hpp"

#include <algorithm>

namespace firebreak::sigma {
namespace {

/// Whether to look for a literal for a predicate's sake alone. Two or three bytes anywhere are in
/// many values: there it costs less to ask the predicate, whenever a rule comes to it.
bool worth_looking_for(const Guard& guard) {
    constexpr std::size_t kInsideBytesMin = 4;
    return !guard.decides || std::ranges::all_of(guard.triggers, [](const Trigger& trigger) {
        return trigger.at_start || trigger.at_end || trigger.literal.size() >= kInsideBytesMin;
    });
}

}  // namespace

TriggerIndex::TriggerIndex(const std::vector<Necessary>& needs, const std::vector<Guard>& guards)
    : guards_(guards.size()), always_(needs.size()) {
    std::vector<std::vector<std::uint32_t>> awaiting(guards.size());  // By predicate: rules.
    for (std::uint32_t rule = 0; rule < needs.size(); ++rule) {
        if (needs[rule].always) {
            always_.add(rule);
            ++always_count_;
        }
        for (const std::uint32_t at : needs[rule].predicates) awaiting.at(at).push_back(rule);
    }
    Triggers triggers;
    std::map<IntegerTrigger, std::vector<std::uint32_t>> integers;
    for (std::uint32_t at = 0; at < guards.size(); ++at) {
        const std::vector<std::uint32_t>& rules = awaiting[at];
        if (rules.empty() && !worth_looking_for(guards[at])) continue;
        for (const Trigger& trigger : guards[at].triggers) {
            Sought& sought = triggers[trigger];
            sought.rules.insert(sought.rules.end(), rules.begin(), rules.end());
            sought.guarded.push_back(at);
        }
        if (rules.empty()) continue;
        for (const IntegerTrigger& trigger : guards[at].integers) {
            std::vector<std::uint32_t>& all = integers[trigger];
            all.insert(all.end(), rules.begin(), rules.end());
        }
    }
    for (const auto& [trigger, rules] : integers) integers_.push_back({trigger, place(rules)});
    add_literals(triggers, guards);
}

TriggerIndex::Rules TriggerIndex::place(const std::vector<std::uint32_t>& rules) {
    const auto begin = static_cast<std::uint32_t>(rules_.size());
    rules_.insert(rules_.end(), rules.begin(), rules.end());
    return {begin, static_cast<std::uint32_t>(rules_.size())};
}

/// Numbers the literals, and says what each is for.
void TriggerIndex::add_literals(const Triggers& triggers, const std::vector<Guard>& guards) {
    std::vector<std::vector<std::uint32_t>> guarding(guards.size());  // By predicate: literals.
    std::map<std::uint16_t, std::vector<Numbered>> by_field;
    for (const auto& [trigger, sought] : triggers) {
        const std::uint32_t literal = literals_.add(trigger.literal);
        by_field[trigger.field].push_back({&trigger, literal});
        rules_of_literals_.push_back(place(sought.rules));
        for (const std::uint32_t predicate : sought.guarded) {
            if (guards[predicate].decides) {
                guards_[predicate].deciding = literal;
            } else {
                guarding[predicate].push_back(literal);
            }
        }
    }
    for (std::size_t at = 0; at < guards.size(); ++at) {
        guards_[at].begin = static_cast<std::uint32_t>(guard_literals_.size());
        guard_literals_.insert(guard_literals_.end(), guarding[at].begin(), guarding[at].end());
        guards_[at].end = static_cast<std::uint32_t>(guard_literals_.size());
    }
    for (const auto& [field, numbered] : by_field) add_lane(field, numbered);
}

bool TriggerIndex::could_hold(const Found& found, const Guarded& guarded) const {
    const auto literals =
        std::span(guard_literals_).subspan(guarded.begin, guarded.end - guarded.begin);
    return literals.empty() || std::ranges::any_of(literals, [&found](std::uint32_t literal) {
               return found.literals.seen(literal);
           });
}

void TriggerIndex::add_lane(std::uint16_t field, std::span<const Numbered> triggers) {
    std::vector<EdgeTable::Wanted> starts;
    std::vector<EdgeTable::Wanted> ends;
    std::vector<std::uint32_t> fours;
    std::vector<std::uint32_t> twos;
    std::vector<std::uint32_t> ones;
    for (const auto& [found, literal] : triggers) {
        const Trigger& trigger = *found;
        if (trigger.at_start) {
            starts.push_back({.literal = literal, .whole = trigger.at_end});
        } else if (trigger.at_end) {
            ends.push_back({.literal = literal});
        } else {
            const std::size_t length = trigger.literal.size();
            (length >= 4 ? fours : length >= 2 ? twos : ones).push_back(literal);
        }
    }
    lanes_.push_back({.field = field,
                      .starts = EdgeTable(literals_, starts, EdgeTable::Edge::kStart),
                      .ends = EdgeTable(literals_, ends, EdgeTable::Edge::kEnd),
                      .fours = {literals_, fours},
                      .twos = {literals_, twos},
                      .ones = std::move(ones)});
}

TriggerIndex::Found TriggerIndex::make_found() const {
    return {.rules = always_, .literals = Sightings(literals_.size())};
}

void TriggerIndex::find(Event& event, Found& found, Budget& budget) const {
    found.literals.start_event();
    found.rules = always_;
    for (const Lane& lane : lanes_) {
        if (lane.field != kAnyField) {
            find_in_value(lane, event.folded(lane.field), found.literals, budget);
            continue;
        }
        for (std::size_t field = 0; field < event.field_count(); ++field) {
            find_in_value(lane, event.folded(field), found.literals, budget);
        }
    }
    for (const std::uint32_t literal : found.literals.all()) {
        add_rules(rules_of_literals_[literal], found.rules);
    }
    find_integers(event, found.rules);
}

void TriggerIndex::find_in_value(const Lane& lane, std::string_view value, Sightings& seen,
                                 Budget& budget) const {
    if (value.empty() || !budget.spend(1 + value.size() / 256)) return;
    if (!lane.starts.find(value, literals_, seen, budget)) return;
    if (!lane.ends.find(value, literals_, seen, budget)) return;
    if (!lane.fours.find(value, literals_, seen, budget)) return;
    if (!lane.twos.find(value, literals_, seen, budget)) return;
    for (const std::uint32_t literal : lane.ones) {
        if (!budget.spend(1 + value.size() / 256)) return;
        if (value.find(literals_.at(literal)[0]) != std::string_view::npos) seen.add(literal);
    }
}

void TriggerIndex::find_integers(const Event& event, RuleBits& found) const {
    std::size_t i = 0;
    while (i < integers_.size()) {
        const std::uint16_t field = integers_[i].trigger.field;
        const std::optional<std::int64_t> value = event.integer(field);
        const auto begin = integers_.begin() + static_cast<std::ptrdiff_t>(i);
        const auto end = std::find_if(begin, integers_.end(), [field](const IntegerRules& rules) {
            return rules.trigger.field != field;
        });
        const auto hit =
            !value ? end : std::lower_bound(begin, end, *value, [](const auto& rules, auto wanted) {
                return rules.trigger.integer < wanted;
            });
        if (hit != end && hit->trigger.integer == *value) add_rules(hit->rules, found);
        i = static_cast<std::size_t>(end - integers_.begin());
    }
}

void TriggerIndex::add_rules(Rules rules, RuleBits& to) const {
    for (std::uint32_t i = rules.begin; i < rules.end; ++i) to.add(rules_[i]);
}

std::size_t TriggerIndex::memory_bytes() const {
    std::size_t bytes = literals_.memory_bytes() + rules_of_literals_.capacity() * sizeof(Rules) +
                        guards_.capacity() * sizeof(Guarded) + guard_literals_.capacity() * 4 +
                        integers_.capacity() * sizeof(IntegerRules) + rules_.capacity() * 4;
    for (const Lane& lane : lanes_) {
        bytes += sizeof(Lane) + lane.starts.memory_bytes() + lane.ends.memory_bytes() +
                 lane.fours.memory_bytes() + lane.twos.memory_bytes() + lane.ones.capacity() * 4;
    }
    return bytes;
}

}  // namespace firebreak::sigma
