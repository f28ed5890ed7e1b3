#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "validator/generate/mutator.hpp"
#include "validator/proof/trial.hpp"
#include "validator/run.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// One input that did not go well.
struct FuzzFault {
    Verdict verdict;
    Bytes input;
    std::uint64_t execution = 0;  ///< The how-manieth of its lane it was, from 1.
};

/// What a lane is given. All of it outlives the lane.
struct LanePlan {
    const WorkerProgram& program;
    const SandboxPolicy& policy;
    const Clock& clock;
    const EngineFile& engine;
    const ContentImage& content;
    const Mutator& mutator;
    std::uint64_t seed = 0;
    std::uint64_t executions = 0;
    StageDeadline deadline;
    std::vector<Bytes> seeds{};  ///< Evaluated first, as they are.
};

/// One sequence of executions over one content in one build: makes an input, evaluates it, keeps
/// it when it showed something new. What it does follows from its plan alone: not from the time,
/// from other lanes, or from where in memory things lie. The deadline can only cut it short.
///
/// New is: a feature of coverage, where the build is instrumented; otherwise a rule that matched, a
/// set of rules that matched together, or another status. What took long or much is collected
/// apart, for the corpus of a later run: if it steered this one, no run could be repeated.
///
/// Thread safety: a lane is run by one thread, which must live until it is gone.
/// Tests: tests/integration/validator/fuzz_test.cpp.
class FuzzLane {
public:
    explicit FuzzLane(LanePlan plan);

    void run();

    /// Any thread may ask while it runs.
    std::uint64_t executions() const noexcept { return executions_; }
    /// At most one of a kind: outcome, and signal or system call.
    const std::vector<FuzzFault>& faults() const noexcept { return faults_; }
    /// What to keep for a later run.
    const std::vector<Bytes>& corpus() const noexcept { return corpus_; }
    const std::vector<Bytes>& slow() const noexcept { return slow_; }
    /// Why it ended before all executions were made; empty when they were.
    const std::string& trouble() const noexcept { return trouble_; }
    bool out_of_time() const noexcept { return out_of_time_; }
    const std::vector<Confinement>& confinements() const noexcept { return confinements_; }

private:
    std::vector<Bytes> next_inputs();
    bool evaluate(const std::vector<Bytes>& inputs);
    bool evaluate_singly(const std::vector<Bytes>& inputs, std::size_t first);
    bool fresh_worker();
    void absorb(const Bytes& input, const EvaluateRun& run,
                const std::vector<std::uint32_t>& features);
    void add_fault(const Bytes& input, const Verdict& verdict);
    bool stop(std::string why);

    LanePlan plan_;
    Patience patience_;
    SeededRandom random_;
    std::unique_ptr<Executor> executor_;
    std::vector<Bytes> corpus_;
    std::vector<Bytes> slow_;
    std::set<std::uint64_t> seen_;
    std::vector<FuzzFault> faults_;
    std::vector<Confinement> confinements_;
    std::string trouble_;
    std::size_t seeds_done_ = 0;
    std::atomic<std::uint64_t> executions_{0};
    std::uint64_t in_this_worker_ = 0;
    int deaths_ = 0;
    bool out_of_time_ = false;
};

}  // namespace firebreak::validator
