#pragma once

#include <memory>
#include <vector>

#include "validator/report/reproducer.hpp"
#include "validator/run.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

/// One content in one build, loaded anew whenever its worker has died: for probes, of which many
/// end it. Thread safety: one thread at a time.
class Trial {
public:
    /// @param files  Views that outlive the trial.
    Trial(Run& run, const Build& build, std::vector<FileView> files, const Patience& patience)
        : run_(run), build_(build), files_(std::move(files)), patience_(patience) {}

    /// How loading ended.
    Verdict load();

    /// How loading ended, if not well, or else how the input went. A worker that cannot be had is
    /// kNotRun.
    EvaluateRun evaluate(std::string_view name, ByteView input);

    /// The worker with the content in it; nullptr when load() did not pass, or it has died since.
    Executor* executor() { return loaded_ ? executor_.get() : nullptr; }

    /// Forgets the worker: the next call begins with a fresh one.
    void forget();

private:
    Run& run_;
    const Build& build_;
    std::vector<FileView> files_;
    Patience patience_;
    std::unique_ptr<Executor> executor_;
    bool loaded_ = false;
};

/// How often a finding is replayed, each time in a fresh process, before it is reported.
inline constexpr int kReplays = 3;

/// How many of kReplays fresh workers show again what the reproducer expects.
int replayed(Run& run, const Build& build, const Reproducer& reproducer, const Patience& patience);

/// "; seen again in 3 of 3 fresh processes". What is not seen again is said so, never dropped.
std::string replay_note(int times);

}  // namespace firebreak::validator
