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

/// What has to be seen before a rule can match: at least one of these.
struct Necessary {
    bool always = false;  ///< Nothing has to: the rule must be run over every event.
    std::vector<Trigger> triggers{};
    std::vector<IntegerTrigger> integers{};
};

/// The literal whose presence is all that a predicate asks: of a "contains" in any case. It is
/// empty for other predicates, which are cheap to ask, or about something else.
Trigger exact_trigger(const PredicateSet::Ready& predicate);

/// How many times the rules of a program ask each predicate: what many rules ask is what is often
/// there.
std::vector<std::uint32_t> uses_of_predicates(const Program& program);

/// Works out what a rule cannot match without.
///
/// An "or" needs one of what its children need. An "and" needs what any one child needs, so the
/// rarest is chosen, by a guess: long literals are rarer than short ones, and those of few rules
/// rarer than those of many. A "not" needs nothing. Sound for any guess: the prefilter only decides
/// which rules are run.
Necessary necessary_for(const Rule& rule, const PredicateSet& predicates,
                        const std::vector<std::uint32_t>& uses);

}  // namespace firebreak::sigma
