#pragma once

#include <memory>

#include "validator/stages/bisect.hpp"
#include "validator/stages/sentinel.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// One content in one fresh worker of one build: what the load stage is made of.
struct Attempt {
    std::unique_ptr<Executor> executor;
    LoadRun load;
};

/// Counts in `result` when the engine answered. A worker that cannot be had is Outcome::kNotRun.
Attempt attempt_load(Run& run, const Build& build, const std::vector<FileView>& files,
                     const Patience& patience, StageResult& result);

/// Halving 10,000 files and then 10,000 lines from both ends takes 42.
inline constexpr std::uint64_t kProbesMax = 48;

/// "a.yar, lines 3 to 9", "a.yar", or "4 files together".
std::string blamed(const Culprit& culprit);

std::vector<content::ContentFile> copies_of(const std::vector<FileView>& files);

/// What shows `finding` again: that loading `files` ends like this.
Reproducer load_reproducer(const Finding& finding, const Build& build,
                           const std::vector<FileView>& files, const Verdict& expected);

/// The part of the load stage that looks for silenced neighbours (FB508, FB511), for one build that
/// loads the content by itself.
///
/// @pre the sentinel alone loads, and matches the first of its inputs, in this build.
/// @returns why it could not look at everything; empty when it did.
std::string check_neighbours(Run& run, const Build& build, const Sentinel& sentinel,
                             StageDeadline deadline, StageResult& result);

/// The part of the load stage that holds the sanitizer twins of builds against them (FB512, FB513):
/// fills `run.twins`, and makes `result` incomplete where one that was given could not be driven.
void check_twins(Run& run, StageDeadline deadline, StageResult& result);

}  // namespace firebreak::validator
