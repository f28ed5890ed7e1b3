#pragma once

#include <memory>
#include <vector>

#include "validator/report/reproducer.hpp"
#include "validator/run.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

/// How long one input of a probe may take, at most what any input may. No rule fit for a device
/// needs a tenth of three seconds for 64 KiB.
Patience probe_patience(const SandboxPolicy& policy);

/// The same where a hang is looked at again: longer than any rule that ends takes (1.2 s was the
/// slowest of 40,000 measured), and shorter than the limit that found it.
Patience hang_patience(const Patience& limit);

/// The name that inputs of the validator's own making are evaluated under.
inline constexpr std::string_view kFuzzInputName = "fuzz-input";

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

}  // namespace firebreak::validator
