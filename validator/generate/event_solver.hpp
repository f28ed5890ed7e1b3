#pragma once

#include <optional>
#include <vector>

#include "core/base/random.hpp"
#include "validator/generate/event_values.hpp"

namespace firebreak::validator {

/// One event made for a rule.
struct DirectedEvent {
    sigma::ReferenceEvent values;
    std::string purpose;   ///< "all criteria met", "criterion 3 just not met".
    bool matches = false;  ///< Whether the rule matches it, by the reference evaluator.
};

/// Makes events for the rules of one program, out of what they ask: one that matches; for each
/// criterion, one in which it alone decides and is met, and one in which it is just not, with
/// everything before it as it has to be for anybody to look at it; and odd values in every field
/// that is read.
///
/// Looks for assignments with a bounded number of attempts, and so may fail where there is one: a
/// rule without a matching event is not proven unsatisfiable. What it does give is checked with the
/// reference evaluator.
///
/// The same program and seed give the same events.
/// Thread safety: one thread at a time.
/// Tests: tests/unit/validator/event_solver_test.cpp.
class EventSolver {
public:
    /// @param program  Checked (check_program()); must outlive the solver.
    EventSolver(const sigma::Program& program, std::uint64_t seed)
        : program_(program), random_(seed) {}

    /// An event that matches; nothing when none was found.
    std::optional<DirectedEvent> match(const sigma::Rule& rule);

    /// All events for `rule`, the matching one first; no two alike. What the rule asks of each
    /// field is always tried, met and missed; `events_max` ends what comes beyond.
    std::vector<DirectedEvent> events_for(const sigma::Rule& rule, std::size_t events_max);

private:
    /// What of the tree is fixed beside the path to a criterion.
    enum class Beside { kAll, kBefore, kNothing };

    struct Goal {
        std::optional<std::uint32_t> pivot{};  ///< A node: a criterion.
        bool met = true;                       ///< The rule, or where there is a pivot, that.
        Beside beside = Beside::kAll;
    };

    std::optional<std::vector<Wish>> wishes_for(const sigma::Rule& rule, const Goal& goal,
                                                unsigned attempt);
    std::uint32_t choose(const sigma::Node& node, unsigned attempt);
    std::optional<sigma::ReferenceEvent> solve(const std::vector<Wish>& wishes, unsigned attempt);
    std::optional<sigma::ReferenceEvent> pivot_event(const sigma::Rule& rule, Goal& goal);
    bool add_criterion(const sigma::Rule& rule, std::uint32_t node,
                       std::vector<DirectedEvent>& events);
    void add_odd_values(const sigma::Rule& rule, const sigma::ReferenceEvent& base,
                        std::size_t events_max, std::vector<DirectedEvent>& events);
    void add(const sigma::Rule& rule, sigma::ReferenceEvent values, std::string purpose,
             std::vector<DirectedEvent>& events);

    const sigma::Program& program_;
    SeededRandom random_;
    std::vector<bool> tried_odd_;  ///< By field: all odd values were tried in it.
};

}  // namespace firebreak::validator
