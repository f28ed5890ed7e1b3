#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// A condition, flattened: ask a predicate, go on at one step or another. Both are further down, so
/// a run ends after at most as many steps as the condition has predicates, and needs no stack.
///
///     a and (b or not c)      0: a ? 1 : no
///                             1: b ? yes : 2
///                             2: c ? no : yes
struct Step {
    std::uint32_t predicate = 0;
    std::uint32_t if_true = 0;  ///< The next step, or kYes or kNo.
    std::uint32_t if_false = 0;
};

inline constexpr std::uint32_t kYes = 0xFFFFFFFF;
inline constexpr std::uint32_t kNo = 0xFFFFFFFE;

/// Flattens the tree of a rule (check_program()). Of the children of an and or or, cheap ones come
/// first: order changes what an answer costs and not the answer.
///
/// Works with a list of its own and not by recursion: trees come from outside, and may be deep.
std::vector<Step> flatten(const std::vector<Node>& nodes,
                          const std::function<unsigned(std::uint32_t)>& predicate_cost);

/// Runs a flattened condition. `holds` answers for a predicate.
template <class Holds>
bool run(std::span<const Step> steps, Holds holds) {
    std::uint32_t at = 0;
    while (at < steps.size()) {
        const Step& step = steps[at];
        at = holds(step.predicate) ? step.if_true : step.if_false;
    }
    return at == kYes;
}

}  // namespace firebreak::sigma
