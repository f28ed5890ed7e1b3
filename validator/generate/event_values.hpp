#pragma once

#include <vector>

#include "core/base/random.hpp"
#include "sensor/sigma/program/reference.hpp"

namespace firebreak::validator {

/// That a predicate is to be answered so.
struct Wish {
    std::uint32_t predicate = 0;
    bool met = true;
    bool near = false;  ///< Where it is not to be met: just not, if it can be had.
};

/// Looks for a value for one field of `event` that grants all `wishes`, which are about that field,
/// and puts it there.
///
/// @param attempt  From 0: which of several ways to begin with.
/// @returns false when none of those tried grants them all; the field is then as it was.
bool grant(const sigma::Program& program, const std::vector<Wish>& wishes, std::uint16_t field,
           sigma::ReferenceEvent& event, unsigned attempt, Random& random);

/// Values that no rule is written for, and that sensors meet all the same.
const std::vector<sigma::ReferenceValue>& odd_values();

}  // namespace firebreak::validator
