#pragma once

#include <string>

#include "validator/stages/stage.hpp"

namespace firebreak::validator {

// The parts of the robust stage, for one build. Each returns why it could not look; empty when it
// did.

/// Truncated, zeroed and bit-flipped files must be refused or be safe (FB1101), and the content
/// must load in the same process afterwards (FB1102).
std::string check_damage(Run& run, const Build& build, StageDeadline deadline, StageResult& result);

/// Each allocation in turn is refused while a small part of the content is loaded and used
/// (FB1103); and that part is loaded and unloaded a hundred times (FB1104).
std::string check_memory(Run& run, const Build& build, StageDeadline deadline, StageResult& result);

/// From the last release to this one and back in one process, with a sentinel that matches
/// throughout (FB1105). Without a last release: this one twice.
std::string check_release_change(Run& run, const Build& build, StageDeadline deadline,
                                 StageResult& result);

}  // namespace firebreak::validator
