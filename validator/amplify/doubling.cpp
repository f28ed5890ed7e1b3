#include "validator/amplify/doubling.hpp"

#include <algorithm>

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kSlopeFloor{3'000};
constexpr double kGrowthMax = 3;
constexpr double kStepMin = 2.5;  ///< Of which each is at least this: a single jump is no slope.
constexpr std::size_t kSlopeSteps = 3;

/// Runs of one input: the longer it takes, the less of it is noise.
int rounds_for(microseconds cpu) {
    constexpr milliseconds kShort{50};
    constexpr milliseconds kLong{250};
    return cpu < kShort ? 5 : cpu < kLong ? 3 : 2;
}

/// Beyond kAmplifyBytes more time is allowed, at the pace that FB903 asks of any content.
microseconds slow_limit(std::size_t bytes, const CostCaps& caps) {
    constexpr std::size_t kPace = 8;
    const std::size_t times = std::max<std::size_t>(1, bytes / kAmplifyBytes / kPace);
    return caps.amplified_cpu_max * static_cast<std::int64_t>(times);
}

/// More than the limit and than a slope needs, so that it is measured and not guessed; and by the
/// clock on the wall so much more that only a machine that does next to nothing else gets there.
Patience patience_for(microseconds limit, microseconds half) {
    constexpr milliseconds kLeast{500};
    constexpr int kSteep = 4;  // Times as long as half of the input took.
    const auto cpu = std::max({kLeast, std::chrono::ceil<milliseconds>(limit * 3 / 2),
                               std::chrono::ceil<milliseconds>(half * kSteep)});
    return {.cpu = cpu, .wall = std::max<milliseconds>(cpu * 20, std::chrono::seconds{60})};
}

/// An engine keeps the time by the clock on the wall, and is told as much as it has of CPU time: on
/// a busy machine it gives up early, and gets ten times as much then.
constexpr int kBusyTimes = 10;

double times(const Cost& before, const Cost& after) {
    return static_cast<double>(after.cpu.count()) / static_cast<double>(before.cpu.count());
}

/// Ended because of the time it took, which is then the least that it takes.
bool ended_by_time(const Cost& cost) {
    return (cost.verdict.outcome == Outcome::kTimedOut ||
            cost.verdict.outcome == Outcome::kFailed) &&
           !cost.starved;
}

/// Judged over both doublings together, so that a middle one that took too long hides nothing.
bool steep(std::span<const Cost> three) {
    if (!passes(three[0].verdict) || !passes(three[1].verdict)) return false;
    if (!passes(three[2].verdict) && !ended_by_time(three[2])) return false;
    return three[0].cpu > kSlopeFloor && times(three[0], three[2]) > kGrowthMax * kGrowthMax &&
           times(three[0], three[1]) > kStepMin && times(three[1], three[2]) > kStepMin;
}

}  // namespace

void measure(Executor& executor, ByteView input, const Gauge& gauge, Cost& cost,
             microseconds half) {
    const microseconds limit = slow_limit(cost.bytes, gauge.caps);
    Patience patience = patience_for(limit, half);
    const std::uint64_t before = executor.memory_peak_bytes();
    EvaluateRun run;
    for (const int times : {1, kBusyTimes}) {
        patience = {.cpu = patience.cpu * times, .wall = patience.wall * times};
        std::ranges::copy(input, executor.input(input.size()).begin());
        const auto started = gauge.clock.steady();
        run = executor.evaluate(kAmplifiedName, input.size(), patience);
        const bool ended_by_time = run.verdict.outcome == Outcome::kTimedOut ||
                                   (run.verdict.outcome == Outcome::kFailed &&
                                    gauge.clock.steady() - started >= patience.cpu);
        cost.starved = ended_by_time && run.verdict.cpu <= limit;
        if (!cost.starved || !executor.alive()) break;
    }
    const std::uint64_t after = executor.memory_peak_bytes();
    cost.memory_more = std::max(cost.memory_more, after > before ? after - before : 0);
    cost.cpu = std::min(cost.cpu, run.verdict.cpu);
    cost.verdict = std::move(run.verdict);
}

CostFault fault_of(const Cost& cost, const CostCaps& caps) {
    const Outcome outcome = cost.verdict.outcome;
    if (outcome == Outcome::kNotRun || cost.starved) return CostFault::kUnclear;
    if (outcome == Outcome::kOutOfMemory) return CostFault::kMemory;
    // An engine that gives up by itself, because it takes so long, fails.
    const bool ended = outcome == Outcome::kAccepted || outcome == Outcome::kTimedOut ||
                       outcome == Outcome::kFailed;
    if (ended && cost.cpu > slow_limit(cost.bytes, caps)) return CostFault::kSlow;
    if (outcome != Outcome::kAccepted) return CostFault::kFails;
    return cost.memory_more > caps.amplified_memory_max ? CostFault::kMemory : CostFault::kNone;
}

CostFault fault_of(const std::vector<Cost>& steps, const CostCaps& caps) {
    for (std::size_t end = kSlopeSteps; end <= steps.size(); ++end) {
        if (steep(std::span(steps).subspan(end - kSlopeSteps, kSlopeSteps))) {
            return CostFault::kGrows;
        }
    }
    for (const Cost& step : steps) {
        if (const CostFault fault = fault_of(step, caps); fault != CostFault::kNone) return fault;
    }
    return CostFault::kNone;
}

std::size_t steps_to(std::size_t bytes) {
    std::size_t count = 0;
    while (kAmplifyBytesMin << count <= bytes) ++count;
    return count;
}

std::vector<Cost> climb(Executor& executor, std::size_t count, const InputOfStep& input,
                        const Gauge& gauge) {
    std::vector<Cost> steps;
    std::vector<Bytes> inputs;
    while (steps.size() < count) {
        inputs.push_back(input(steps.size()));
        steps.push_back({.bytes = kAmplifyBytesMin << steps.size()});
        const std::size_t first = steps.size() - std::min(steps.size(), kSlopeSteps);
        // No longer needed, and perhaps large.
        if (first > 0) inputs[first - 1] = {};
        for (int round = 0; round == 0 || round < rounds_for(steps.back().cpu); ++round) {
            for (std::size_t step = first; step < steps.size(); ++step) {
                const auto half = step > 0 ? steps[step - 1].cpu : microseconds{0};
                measure(executor, inputs[step], gauge, steps[step], half);
                if (!passes(steps[step].verdict)) return steps;
            }
        }
        if (fault_of(steps, gauge.caps) != CostFault::kNone) break;
    }
    return steps;
}

Verdict reproduce_cost(Executor& executor, const Reproducer& reproducer, const Clock& clock,
                       bool& shows) {
    const ReproducedCost& expected = *reproducer.cost;
    CostCaps caps = profile(ProfileName::kGate).cost;
    caps.amplified_cpu_max = expected.cpu_max;
    caps.amplified_memory_max = expected.memory_bytes_max;
    const std::size_t count = expected.smaller.size() + 1;
    const std::vector<Cost> steps =
        climb(executor, count,
              [&](std::size_t step) {
                  return step + 1 < count ? expected.smaller[step] : reproducer.input;
              },
              {caps, clock});
    const CostFault fault = fault_of(steps, caps);
    shows = fault != CostFault::kNone && fault != CostFault::kUnclear;
    return steps.back().verdict;
}

}  // namespace firebreak::validator
