#pragma once

#include <string>
#include <vector>

#include "sensor/sigma/run/predicate_set.hpp"

namespace firebreak::sigma {

/// A literal in a field, as the prefilter looks for it.
struct Trigger {
    std::uint16_t field = 0;  ///< Or kAnyField.
    bool at_start = false;
    bool at_end = false;
    std::string literal;  ///< Folded.

    friend auto operator<=>(const Trigger&, const Trigger&) = default;
};

/// An integer in a field.
struct IntegerTrigger {
    std::uint16_t field = 0;
    std::int64_t integer = 0;

    friend auto operator<=>(const IntegerTrigger&, const IntegerTrigger&) = default;
};

/// What must be seen for a predicate to hold: at least one of these.
struct Guard {
    std::vector<Trigger> triggers{};
    std::vector<IntegerTrigger> integers{};
    bool decides = false;  ///< There is one trigger, and with it the answer is yes.

    /// Nothing must, that can be looked for.
    bool empty() const { return triggers.empty() && integers.empty(); }
};

/// One element for each predicate.
std::vector<Guard> guards_of(const PredicateSet& predicates);

/// What has to be seen before a rule can match: what guards at least one of these predicates.
struct Necessary {
    bool always = false;  ///< Nothing has to: the rule must be run over every event.
    std::vector<std::uint32_t> predicates{};
};

/// Works out what each rule of a program cannot match without, one element for each.
///
/// An "or" needs one of what its children need. An "and" needs what any one child needs, so the
/// rarest is chosen, by a guess: long literals are rarer than short ones, those of few rules rarer
/// than those of many, and those in a field about which rules say many things rarer than those in
/// one that has few values, such as an integrity level. A "not" needs nothing. Sound for any guess:
/// the prefilter only decides which rules are run.
///
/// @param guards  guards_of() the program's predicates.
std::vector<Necessary> necessary_for(const Program& program, const std::vector<Guard>& guards);

}  // namespace firebreak::sigma
