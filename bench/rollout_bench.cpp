// What the rollout costs, and what it achieves.
//
//   rollout_bench                               all
//   rollout_bench --benchmark_filter=Outcome    the table of docs/adr/0003-statistics.md

#include <algorithm>
#include <benchmark/benchmark.h>
#include <vector>

#include "tests/unit/core/rollout/simulated_fleet.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::rollout;
using namespace firebreak::rollout::test;

/// Rolling in its last ring, `devices` activated there and confirmed, a window's worth pending.
RolloutDriver rolling_with(std::int64_t devices) {
    Plan plan = three_rings();
    plan.rings[2].window_start = plan.rings[2].window_max = 1000;
    RolloutDriver driver(plan);
    driver.start(10, 50, 2 * devices);
    driver.pass_ring("lab");
    driver.pass_ring("early");
    driver.apply(Widened{"broad", 1000, kPpbAll});
    for (std::int64_t i = 0; i < devices; ++i) {
        const std::string device = "d" + std::to_string(i);
        driver.apply(Activated{device, "t" + std::to_string(i % 50), "broad"});
        if (i + 500 < devices) driver.apply(Confirmed{device});
    }
    return driver;
}

void ActivateAndConfirm(benchmark::State& state) {
    RolloutDriver driver = rolling_with(state.range(0));
    std::int64_t next = 0;
    for (auto _ : state) {
        const std::string device = "new" + std::to_string(next++);
        driver.rollout.apply({driver.now, Activated{device, "t", "broad"}});
        driver.rollout.apply({driver.now, Confirmed{device}});
    }
    state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(ActivateAndConfirm)->Arg(1000)->Arg(100'000);

void MayActivate(benchmark::State& state) {
    const RolloutDriver driver = rolling_with(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(driver.rollout.may_activate("one", "broad"));
}
BENCHMARK(MayActivate)->Arg(1000)->Arg(100'000);

void Decide(benchmark::State& state) {
    const RolloutDriver driver = rolling_with(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(driver.rollout.decide(driver.now));
}
BENCHMARK(Decide)->Arg(1000)->Arg(100'000);

void HarmBound(benchmark::State& state) {
    const RolloutDriver driver = rolling_with(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(driver.rollout.harm_bound("broad"));
}
BENCHMARK(HarmBound)->Arg(1000)->Arg(100'000);

double at(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Two hundred rollouts of one kind of content, each with a seed of its own.
void Outcome(benchmark::State& state, const FleetModel& content) {
    constexpr std::uint64_t kRuns = 200;
    FleetModel model = content;
    model.devices_by_ring = {40, 200, 1000};
    std::map<Phase, int> ends;
    std::vector<double> harmed;
    std::vector<double> halt_seconds;
    std::int64_t bound = 0;
    for (auto _ : state) {
        for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
            SimulatedFleet fleet(model, seed);
            fleet.run(hours{24});
            const Rollout& rollout = fleet.driver.rollout;
            ++ends[rollout.phase()];
            harmed.push_back(static_cast<double>(fleet.harmed()));
            bound = std::max(bound, fleet.bound_most());
            if (rollout.halted_at()) {
                const auto taken = *rollout.halted_at() - *rollout.first_activation();
                halt_seconds.push_back(std::chrono::duration<double>(taken).count());
            }
        }
    }
    state.counters["halted"] = ends[Phase::kHalted];
    state.counters["held"] = ends[Phase::kHeld];
    state.counters["complete"] = ends[Phase::kComplete];
    state.counters["harmed_median"] = at(harmed, 0.5);
    state.counters["harmed_most"] = at(harmed, 1);
    state.counters["bound_most"] = static_cast<double>(bound);
    state.counters["halt_s_median"] = at(halt_seconds, 0.5);
    state.counters["halt_s_95"] = at(halt_seconds, 0.95);
}

void outcome(const char* name, const FleetModel& content) {
    benchmark::RegisterBenchmark(name, Outcome, content)->Iterations(1)->Unit(benchmark::kSecond);
}

const bool kRegistered = [] {
    outcome("Outcome/good", {});
    outcome("Outcome/lost_0.1_percent", {.silent = 0.001});
    outcome("Outcome/lost_0.5_percent", {.silent = 0.005});
    outcome("Outcome/silent_5_percent", {.silent = 0.05});
    outcome("Outcome/silent_10_percent", {.silent = 0.1});
    outcome("Outcome/silent_50_percent", {.silent = 0.5});
    outcome("Outcome/silent_50_percent_cached_offers", {.silent = 0.5, .cached_offers = true});
    outcome("Outcome/silent_100_percent", {.silent = 1});
    outcome("Outcome/crashing_5_percent", {.crashing = 0.05});
    outcome("Outcome/crashing_50_percent", {.crashing = 0.5});
    outcome("Outcome/crashing_100_percent", {.crashing = 1});
    return true;
}();

}  // namespace
