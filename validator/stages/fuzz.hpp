#pragma once

#include <string>

#include "validator/generate/mutator.hpp"
#include "validator/sandbox/shared_memory.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// No fuzzing input is longer: it has to fit a slot of a batch.
inline constexpr std::size_t kFuzzInputBytesMax = BatchArea::kSlotBytes;

/// What the second part of the fuzz stage works with: content changed a little, and inputs over it.
struct NeighbourPlan {
    const Build& build;
    const Mutator& mutator;
    const Dictionary& dictionary;
    std::uint64_t neighbours = 0;  ///< How many.
    StageDeadline deadline;
};

/// Changes one file of the content at a time, has the build load it (by itself, in a fresh worker)
/// and evaluates some inputs: it must be refused, or be safe. What is not is FB1007.
///
/// @returns why it could not look; empty when it did. Being out of time is a note.
std::string fuzz_neighbours(Run& run, const NeighbourPlan& plan, StageResult& result);

}  // namespace firebreak::validator
