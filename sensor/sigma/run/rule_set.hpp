#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/sigma/program/program.hpp"
#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/condition.hpp"
#include "sensor/sigma/run/event.hpp"
#include "sensor/sigma/run/predicate_set.hpp"
#include "sensor/sigma/run/trigger_index.hpp"

namespace firebreak::sigma {

/// A field whose value made a rule match.
struct Evidence {
    std::uint16_t field = 0;
    std::uint32_t predicate = 0;
};

/// A rule that matched, while the callback runs.
struct RuleMatch {
    const Rule& rule;
    std::span<const Evidence> evidence;  ///< In the order of the condition; at most kEvidenceMax.
};

/// What rules have asked of one field, and which answers there were.
struct Reading {
    std::uint16_t field = 0;  ///< Or kAnyField.
    Op op = Op::kPresent;
    bool met = false;
    bool missed = false;

    friend bool operator==(const Reading&, const Reading&) = default;
};

/// The rules for one event contract, ready to run.
///
/// evaluate() takes no memory (RE2 apart, see regex.hpp): everything it writes to was taken when
/// the rules were made ready. It does not recurse, and each of its loops is bounded by the sizes of
/// the rules and the event, and by the budget.
///
/// One thread at a time.
class RuleSet {
public:
    static constexpr std::size_t kEvidenceMax = 4;

    /// @param program  Checked (read_program() has).
    /// @returns Errc::kUnsupported, Errc::kInvalid or Errc::kTooLarge as PredicateSet::make().
    [[nodiscard]] static Result<RuleSet> make(Program program);

    const Program& program() const { return program_; }
    const std::string& contract() const { return program_.contract; }

    /// Whether to go on after a match.
    using OnMatch = std::function<bool(const RuleMatch&)>;

    /// Runs all rules over the event, and reports those that match, in the order of their ids.
    ///
    /// @pre the event has at least program().arity fields; more are not looked at.
    /// @returns FB_OK, FB_TIMEOUT when the budget ran out, FB_LIMIT when a callback said stop.
    fb_status evaluate(Event& event, Budget& budget, const OnMatch& on_match);

    /// Measures, from here on, which predicates each rule's condition really asks. The condition of
    /// every rule is then run over every event, also where the index has ruled it out: that shows
    /// in what an event costs, and in no answer. Takes a byte for each step of each condition.
    void measure() { asked_.assign(steps_.size(), 0); }
    bool measuring() const { return asked_.size() == steps_.size(); }

    /// What the rule's condition has asked since, by field and op. @pre measuring().
    std::vector<Reading> readings(std::size_t rule) const;

    /// Rules that are run over every event, because nothing in them can be looked for.
    std::size_t always_count() const { return index_.always_count(); }
    std::size_t memory_bytes() const;

private:
    RuleSet(Program program, PredicateSet predicates, TriggerIndex index);

    bool holds(std::uint32_t predicate, Event& event, Budget& budget);
    void ask_every_rule(Event& event, Budget& budget);
    std::span<const Evidence> explain(const Rule& rule, Event& event, Budget& budget);

    Program program_;
    PredicateSet predicates_;
    TriggerIndex index_;
    std::vector<Step> steps_;
    std::vector<std::uint32_t> first_step_;  ///< By rule; one more at the end.

    // Written to while evaluating.
    TriggerIndex::Found found_;
    std::vector<std::uint32_t> answers_;  ///< By predicate: the event's number times 2, plus yes.
    std::uint32_t event_ = 0;
    std::vector<bool> node_holds_;
    std::vector<std::uint32_t> node_stack_;
    std::array<Evidence, kEvidenceMax> evidence_;
    std::vector<std::uint8_t> asked_;  ///< By step, while measuring: the answers, as bits.
};

}  // namespace firebreak::sigma
