#pragma once

#include <string>
#include <vector>

#include "validator/proof/trial.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// Whether an engine takes ever more memory for the same work, as the kernel counts it.
///
/// The same few inputs are evaluated, or the same content is loaded, over and over: an engine that
/// gives back what it took needs no more the second time than the tenth. What it keeps on purpose
/// it has after the first rounds, which do not count.
class GrowthCheck {
public:
    /// @param files  Views that outlive the check.
    GrowthCheck(Run& run, const Build& build, std::vector<FileView> files)
        : run_(run), build_(build), files_(std::move(files)) {}

    struct Answer {
        bool grows = false;
        Bytes input{};          ///< Of evaluations: the one that is enough for it, or the first.
        std::string trouble{};  ///< Why it could not tell; empty: it could.
    };

    /// Evaluates some of `inputs` many times.
    Answer evaluations(std::vector<Bytes> inputs, StageDeadline deadline);

    /// Loads and unloads the content many times.
    Answer loads(StageDeadline deadline);

    std::uint64_t executions() const noexcept { return executions_; }

private:
    Answer grows_on(const std::vector<Bytes>& inputs, StageDeadline deadline);

    Run& run_;
    const Build& build_;
    std::vector<FileView> files_;
    std::uint64_t executions_ = 0;
};

/// What `firebreak-validate reproduce` does for a reproducer of growth: the same, with the worker
/// at hand. @pre `executor` has loaded the content.
Verdict reproduce_growth(Executor& executor, const Reproducer& reproducer, bool& grows);

}  // namespace firebreak::validator
