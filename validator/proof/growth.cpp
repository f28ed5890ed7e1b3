#include "validator/proof/growth.hpp"

#include <algorithm>

namespace firebreak::validator {
namespace {

/// AddressSanitizer keeps what was freed, by default 256 MiB of it.
std::uint64_t growth_max(const Executor& executor) {
    return (executor.confinement().sanitized ? 512U : 2U) << 20U;
}

// 768 evaluations that count: three kibibytes lost in each of them are seen.
constexpr int kWarmUpRounds = 8;
constexpr int kRounds = 24;
constexpr std::size_t kInputsMax = 32;

constexpr int kWarmUpLoads = 20;
constexpr int kLoads = 80;

/// What a load may keep of what it took, at most: measured, the allocator's own hoarding.
constexpr std::uint64_t kLoadsShare = 4;

/// What bounds a look at growth.
struct Bounds {
    const Clock& clock;
    StageDeadline deadline;
    Patience patience;
    std::uint64_t memory_bytes_max;
};

struct Growth {
    Verdict verdict;
    bool grows = false;
    bool out_of_time = false;
    std::uint64_t executions = 0;
};

Verdict round_of(Executor& executor, const std::vector<Bytes>& inputs, const Patience& patience,
                 std::uint64_t& executions) {
    std::size_t first = 0;
    while (first < inputs.size()) {
        std::vector<std::size_t> lengths;
        const std::size_t end = std::min(inputs.size(), first + executor.batch_slots());
        for (std::size_t index = first; index < end; ++index) {
            const auto place = executor.batch_input(index - first, inputs[index].size());
            std::ranges::copy(inputs[index], place.begin());
            lengths.push_back(inputs[index].size());
        }
        BatchRun run = executor.evaluate_batch(kFuzzInputName, lengths, patience);
        executions += run.runs.size();
        if (!passes(run.verdict)) return std::move(run.verdict);
        first += run.runs.size();
    }
    return {.outcome = Outcome::kAccepted};
}

/// @param inputs  At most as many as there are slots, repeated to fill them.
Growth growth_of(Executor& executor, std::vector<Bytes> inputs, const Bounds& bounds) {
    const std::size_t given = inputs.size();
    while (inputs.size() < kInputsMax) inputs.push_back(inputs[inputs.size() % given]);
    Growth growth;
    std::uint64_t warm = 0;
    for (int round = 0; round < kWarmUpRounds + kRounds; ++round) {
        if (round == kWarmUpRounds) warm = executor.memory_peak_bytes();
        if (bounds.clock.steady() > bounds.deadline) {
            growth.out_of_time = true;
            return growth;
        }
        growth.verdict = round_of(executor, inputs, bounds.patience, growth.executions);
        if (!passes(growth.verdict)) return growth;
    }
    growth.grows = executor.memory_peak_bytes() > warm + growth_max(executor);
    return growth;
}

Growth growth_of_loads(Executor& executor, const Bounds& bounds) {
    Growth growth;
    std::uint64_t before = 0;
    std::uint64_t warm = 0;
    for (int load = 0; load < kWarmUpLoads + kLoads; ++load) {
        if (load == 0) before = executor.memory_peak_bytes();
        if (load == kWarmUpLoads) warm = executor.memory_peak_bytes();
        if (bounds.clock.steady() > bounds.deadline) {
            growth.out_of_time = true;
            return growth;
        }
        growth.verdict = executor.load({.memory_bytes_max = bounds.memory_bytes_max}).verdict;
        if (!passes(growth.verdict)) return growth;
        growth.verdict = executor.unload();
        if (!passes(growth.verdict)) return growth;
        ++growth.executions;
    }
    const std::uint64_t allowed =
        std::max(growth_max(executor), (warm - std::min(warm, before)) / kLoadsShare);
    growth.grows = executor.memory_peak_bytes() > warm + allowed;
    return growth;
}

Bounds bounds_of(const Run& run, StageDeadline deadline) {
    const SandboxPolicy& policy = run.profile().sandbox;
    return {.clock = run.tools().clock,
            .deadline = deadline,
            .patience = probe_patience(policy),
            .memory_bytes_max = policy.memory_bytes_max};
}

}  // namespace

GrowthCheck::Answer GrowthCheck::grows_on(const std::vector<Bytes>& inputs,
                                          StageDeadline deadline) {
    Trial trial(run_, build_, files_, run_.profile().sandbox.load);
    const Verdict loaded = trial.load();
    if (!passes(loaded)) return {.trouble = describe(loaded)};
    const Growth growth = growth_of(*trial.executor(), inputs, bounds_of(run_, deadline));
    executions_ += growth.executions;
    if (growth.out_of_time) return {.trouble = "out of time while watching its memory"};
    if (!passes(growth.verdict)) return {.trouble = describe(growth.verdict)};
    return {.grows = growth.grows, .input = inputs.front()};
}

GrowthCheck::Answer GrowthCheck::evaluations(std::vector<Bytes> inputs, StageDeadline deadline) {
    if (inputs.empty()) inputs.emplace_back();
    if (inputs.size() > kInputsMax) inputs.resize(kInputsMax);
    Answer answer = grows_on(inputs, deadline);
    // To one input, by halving, as long as one half is enough.
    while (answer.grows && inputs.size() > 1) {
        const auto middle = inputs.begin() + static_cast<std::ptrdiff_t>(inputs.size() / 2);
        const std::vector<Bytes> first(inputs.begin(), middle);
        const std::vector<Bytes> second(middle, inputs.end());
        Answer half = grows_on(first, deadline);
        inputs = first;
        if (!half.grows) {
            half = grows_on(second, deadline);
            inputs = second;
        }
        if (!half.grows) break;
        answer = half;
    }
    return answer;
}

GrowthCheck::Answer GrowthCheck::loads(StageDeadline deadline) {
    Trial trial(run_, build_, files_, run_.profile().sandbox.load);
    Verdict verdict = trial.load();
    if (passes(verdict)) verdict = trial.executor()->unload();
    if (!passes(verdict)) return {.trouble = describe(verdict)};
    const Growth growth = growth_of_loads(*trial.executor(), bounds_of(run_, deadline));
    executions_ += growth.executions;
    if (growth.out_of_time) {
        return {.trouble = "out of time after " + std::to_string(growth.executions) + " loads"};
    }
    if (!passes(growth.verdict)) return {.trouble = describe(growth.verdict)};
    return {.grows = growth.grows};
}

Verdict reproduce_growth(Executor& executor, const Reproducer& reproducer, bool& grows) {
    const SystemClock clock;
    const SandboxPolicy policy;
    const Bounds bounds{.clock = clock,
                        .deadline = StageDeadline::max(),
                        .patience = probe_patience(policy),
                        .memory_bytes_max = policy.memory_bytes_max};
    Growth growth;
    if (reproducer.evaluates) {
        growth = growth_of(executor, {reproducer.input}, bounds);
    } else {
        growth.verdict = executor.unload();
        if (passes(growth.verdict)) growth = growth_of_loads(executor, bounds);
    }
    grows = growth.grows;
    return growth.verdict;
}

}  // namespace firebreak::validator
