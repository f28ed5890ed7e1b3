#pragma once

#include <array>
#include <span>
#include <vector>

#include "validator/run.hpp"

namespace firebreak::validator {

/// What a stage may take, and what it must have done to count.
struct StageBudget {
    std::chrono::milliseconds time;
    std::uint64_t executions_min;
};

/// What a stage says of itself. Findings go to the run; judge() makes the outcome of both.
struct StageResult {
    std::uint64_t executions = 0;  ///< Checks made, or calls into an engine that were answered.
    bool complete = true;  ///< False: it could not look at all it had to; `reason` says why.
    std::string reason{};
    std::uint64_t cached = 0;  ///< Of the executions: made by an earlier run, and remembered.
};

/// Until when a stage may go on, by the steady clock.
using StageDeadline = std::chrono::steady_clock::time_point;

/// One row of the list of stages (catalogue.cpp). A new stage is one file and one row.
struct Stage {
    std::string_view name;
    StageResult (*run)(Run&, StageDeadline);
    /// Stages that must have passed, or been switched off by hand; empty names are no stage.
    std::array<std::string_view, 2> needs;
    std::array<StageBudget, kProfiles> budgets;  ///< By ProfileName.
};

/// All stages, in the order in which they run.
std::span<const Stage> all_stages();

/// Those in which a new engine build can break content that has passed every gate before.
std::vector<Stage> engine_release_stages();

/// Opens every engine of the request, in the sandbox and without content, and fills `run.builds`;
/// once a run. What does not open goes to `run.unopened`.
void open_builds(Run& run);

/// Runs every stage of `stages` over `run` and sets its outcome: failed with a finding of level
/// error, inconclusive when it was cut short, ran past its time or fell short of its minimum,
/// skipped when it was switched off or something it needs is missing. Only "passed" helps the
/// bundle. A stage switched off keeps none of the others from running, so that one gate can be
/// tried without another; nothing runs without a bundle.
void judge(Run& run, std::span<const Stage> stages);

// The stages, each in its own file.
StageResult check_structure(Run& run, StageDeadline deadline);
StageResult check_schema_stage(Run& run, StageDeadline deadline);
StageResult check_contract(Run& run, StageDeadline deadline);
StageResult check_lint(Run& run, StageDeadline deadline);
StageResult check_load(Run& run, StageDeadline deadline);
StageResult check_directed(Run& run, StageDeadline deadline);
StageResult check_replay(Run& run, StageDeadline deadline);
StageResult check_amplify(Run& run, StageDeadline deadline);
StageResult check_fuzz(Run& run, StageDeadline deadline);
StageResult check_robust(Run& run, StageDeadline deadline);
StageResult check_budget(Run& run, StageDeadline deadline);
StageResult check_verdict(Run& run, StageDeadline deadline);

}  // namespace firebreak::validator
