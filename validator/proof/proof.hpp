#pragma once

#include "validator/report/reproducer.hpp"
#include "validator/run.hpp"
#include "validator/stages/bisect.hpp"

namespace firebreak::validator {

/// How a reproducer's last step went.
struct Replay {
    EvaluateRun run;
    /// Where it is about what that costs, in memory from step to step or in one step: it did again.
    bool costs = false;
};

/// What a replay goes by.
struct ReplayTerms {
    const SandboxPolicy& policy;
    const Clock& clock;
};

/// Opens the engine in `executor`, which must be fresh, and does what the reproducer says. A hang
/// is not waited for as long as when it was found (hang_patience()).
Replay replay(Executor& executor, const EngineFile& engine, const Reproducer& reproducer,
              const ReplayTerms& terms);

/// Whether one fresh process shows again what the reproducer expects.
bool shown(Run& run, const Build& build, const Reproducer& reproducer);

/// The part of the reproducer's content that is enough for what it expects: files, then lines of a
/// file. Views into `reproducer`.
///
/// @param probes_max  After this many fresh processes it stops with what it has; a hang costs as
///                    much time as many crashes, and gets six.
Culprit narrowed(Run& run, const Build& build, const Reproducer& reproducer,
                 std::uint64_t probes_max);

/// What looking at a finding again has shown.
struct Proof {
    int seen_again = 0;            ///< Of kReplays.
    std::string minimised{};       ///< "12 of 4096 bytes"; empty: nothing was taken away.
    std::uint64_t executions = 0;  ///< Fresh processes, and inputs in them.
};

/// Replays a reproducer kReplays times, each in a fresh process. What is shown every time is then
/// made as small as it goes, in a fixed number of steps at most: its input, or the one file of its
/// content where it has no input. The smaller one counts when it, too, is shown every time; then it
/// takes the place of `reproducer`.
///
/// What it does follows from the reproducer and the build alone.
/// Tests: tests/integration/validator/verdict_test.cpp.
Proof prove(Run& run, const Build& build, Reproducer& reproducer);

/// The same without making it smaller.
Proof prove_as_it_is(Run& run, const Build& build, const Reproducer& reproducer);

}  // namespace firebreak::validator
