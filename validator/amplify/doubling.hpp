#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "validator/amplify/seeds.hpp"
#include "validator/profile.hpp"
#include "validator/report/reproducer.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

inline constexpr std::size_t kAmplifyBytesMin = 2U << 10U;

/// What every seed is tried at. Only what is unusual there is doubled step by step.
inline constexpr std::size_t kAmplifyBytes = 128U << 10U;

inline constexpr std::string_view kAmplifiedName = "amplified";

/// What one input took, in one worker.
struct Cost {
    std::size_t bytes = 0;  ///< Of repetitions.
    /// User and system time, as the kernel counts them for the worker: the best of its runs, since
    /// all that a busy machine does is to add.
    std::chrono::microseconds cpu = std::chrono::microseconds::max();
    Verdict verdict{};              ///< Of the last run.
    std::uint64_t memory_more = 0;  ///< Than ever before in this worker: the most of its runs.
    /// It was ended, or gave up, by the clock on the wall, with little CPU time used: the machine
    /// was busy, and this says nothing.
    bool starved = false;
};

/// What it is measured with. Both outlive this.
struct Gauge {
    const CostCaps& caps;
    const Clock& clock;
};

/// Runs `input` once more, and keeps in `cost` what is best.
///
/// @param half  What half of it took, if that is known: it gets four times as much at least.
void measure(Executor& executor, ByteView input, const Gauge& gauge, Cost& cost,
             std::chrono::microseconds half = {});

enum class CostFault : std::uint8_t {
    kNone,
    kGrows,   ///< More than three times as long for a doubling, over two of them in a row.
    kSlow,    ///< Longer than caps.amplified_cpu_max.
    kMemory,  ///< More than caps.amplified_memory_max, or more than the worker may have.
    kFails,   ///< No answer, for another reason.
    kUnclear  ///< The worker could not be had, or was starved.
};

/// What is wrong with one input.
CostFault fault_of(const Cost& cost, const CostCaps& caps);

/// What is wrong with inputs each of which is twice the one before.
///
/// A slope counts where the smallest of three steps takes 3 ms at least: measured, noise is below.
CostFault fault_of(const std::vector<Cost>& steps, const CostCaps& caps);

/// The input with the number `step`: kAmplifyBytesMin bytes of repetitions, doubled `step` times.
using InputOfStep = std::function<Bytes(std::size_t step)>;

/// How many steps there are up to `bytes`.
std::size_t steps_to(std::size_t bytes);

/// Runs one step after the other until something is wrong, or `count` are done. Each new step is
/// run two to five times, fewer the longer it takes, in turn with the two before it, so that
/// whatever slows the machine for a while slows all of them.
std::vector<Cost> climb(Executor& executor, std::size_t count, const InputOfStep& input,
                        const Gauge& gauge);

/// What `firebreak-validate reproduce` does for a reproducer of cost: climbs again.
/// @pre `executor` has loaded the content.
/// @returns how the last run went; `shows` says whether there is a fault again.
Verdict reproduce_cost(Executor& executor, const Reproducer& reproducer, const Clock& clock,
                       bool& shows);

}  // namespace firebreak::validator
