#pragma once

#include "validator/cache/replay_cache.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// The part of replay that shows each rule an input it should match: those of --samples, and files
/// made from the rule's own strings and condition (generate/yara_samples.hpp). A rule that matches
/// none is a warning (FB708): making a file that satisfies a condition has its limits, but a rule
/// that nothing matches may be one that cannot.
///
/// For events the directed stage does this better, and this does nothing.
///
/// @param cache  What it knows is not driven; nullptr: everything is.
/// @returns why it could not look at everything; empty when it did.
std::string check_samples(Run& run, const Build& build, const ContentImage& content,
                          StageDeadline deadline, ReplayCache* cache);

}  // namespace firebreak::validator
