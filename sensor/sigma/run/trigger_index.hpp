#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/edge_table.hpp"
#include "sensor/sigma/run/event.hpp"
#include "sensor/sigma/run/gram_table.hpp"
#include "sensor/sigma/run/literals.hpp"
#include "sensor/sigma/run/necessary.hpp"

namespace firebreak::sigma {

/// A set of rules of a program. Sized once.
class RuleBits {
public:
    explicit RuleBits(std::size_t rules = 0) : words_((rules + 63) / 64) {}

    void clear() { words_.assign(words_.size(), 0); }
    void add(std::uint32_t rule) { words_.at(rule / 64) |= std::uint64_t{1} << (rule % 64); }
    void add_all(const RuleBits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_.at(i);
    }
    const std::vector<std::uint64_t>& words() const { return words_; }

private:
    std::vector<std::uint64_t> words_;
};

/// Finds the rules that an event could match, and answers most predicates on the way, in a pass or
/// two over each value, however many rules there are.
///
/// Everything is looked for by field, and each literal in the way that costs least: at an edge of
/// the value where it must be at one (EdgeTable), elsewhere by a few of its bytes (GramTable), and
/// a single byte as such.
class TriggerIndex {
public:
    /// What has been found in one event. Sized once, by the index.
    struct Found {
        RuleBits rules;
        Sightings literals;
    };

    /// @param needs   One element for each rule of the program.
    /// @param guards  One for each predicate. Their literals are found along the way, so that most
    ///                predicates need not be asked.
    TriggerIndex(const std::vector<Necessary>& needs, const std::vector<Guard>& guards);

    /// Whether a predicate holds for the event that `found` is of; nullopt: it must be asked.
    std::optional<bool> holds(const Found& found, std::uint32_t predicate) const {
        const Guarded& guarded = guards_[predicate];
        if (guarded.deciding != kNoLiteral) return found.literals.seen(guarded.deciding);
        return could_hold(found, guarded) ? std::nullopt : std::optional(false);
    }

    Found make_found() const;

    /// Adds every rule to `found.rules` of which a necessary literal is in the event, and those
    /// that need none. Stops early when the budget is out.
    void find(Event& event, Found& found, Budget& budget) const;

    /// Rules that are run over every event.
    std::size_t always_count() const { return always_count_; }
    std::size_t memory_bytes() const;

private:
    /// What is looked for in one field.
    struct Lane {
        std::uint16_t field = 0;
        EdgeTable starts;
        EdgeTable ends;
        GramTable<std::uint32_t> fours;  ///< Literals of four bytes or more.
        GramTable<std::uint16_t> twos;   ///< Of two or three.
        std::vector<std::uint32_t> ones;
    };

    /// Elements of rules_.
    struct Rules {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };

    struct IntegerRules {
        IntegerTrigger trigger;
        Rules rules;
    };

    static constexpr std::uint32_t kNoLiteral = 0xFFFFFFFF;

    struct Guarded {
        std::uint32_t deciding = kNoLiteral;  ///< The literal whose presence is the answer.
        /// Elements of guard_literals_, one of which must be there for a yes; none: nothing must.
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };

    /// What is looked for, while the index is made.
    struct Sought {
        std::vector<std::uint32_t> rules;
        std::vector<std::uint32_t> guarded;  ///< Predicates.
    };
    using Triggers = std::map<Trigger, Sought>;
    struct Numbered {
        const Trigger* trigger;
        std::uint32_t literal;
    };

    bool could_hold(const Found& found, const Guarded& guarded) const;
    Rules place(const std::vector<std::uint32_t>& rules);
    void add_literals(const Triggers& triggers, const std::vector<Guard>& guards);
    void add_lane(std::uint16_t field, std::span<const Numbered> triggers);
    void find_in_value(const Lane& lane, std::string_view value, Sightings& seen,
                       Budget& budget) const;
    void find_integers(const Event& event, RuleBits& found) const;
    void add_rules(Rules rules, RuleBits& to) const;

    std::vector<Lane> lanes_;
    Literals literals_;
    std::vector<Rules> rules_of_literals_;
    std::vector<Guarded> guards_;  ///< By predicate.
    std::vector<std::uint32_t> guard_literals_;
    std::vector<IntegerRules> integers_;  ///< By field, then integer.
    std::vector<std::uint32_t> rules_;
    RuleBits always_;
    std::size_t always_count_ = 0;
};

}  // namespace firebreak::sigma
