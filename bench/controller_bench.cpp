// What one controller takes: reports a second of one core, and bytes of memory for each device it
// follows. In memory: no store, no network, no signature.
//
//   controller_bench                            all; eight and a half million devices take a minute
//   controller_bench --benchmark_filter=Reports

#include <malloc.h>

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <new>
#include <string>

#include "core/base/bytes.hpp"
#include "core/rollout/cohort.hpp"
#include "core/rollout/rollout.hpp"

namespace {

/// What this process has on the heap, with what malloc adds to each block. One thread.
std::size_t heap_bytes = 0;
std::size_t heap_bytes_most = 0;

std::size_t block_bytes(void* block) {
    return malloc_usable_size(block) + sizeof(std::size_t);
}

void* counted(std::size_t bytes) {
    void* const block = std::malloc(bytes);
    if (block == nullptr) std::abort();
    heap_bytes += block_bytes(block);
    heap_bytes_most = std::max(heap_bytes_most, heap_bytes);
    return block;
}

void uncounted(void* block) {
    if (block == nullptr) return;
    heap_bytes -= block_bytes(block);
    std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) {
    return counted(bytes);
}
void operator delete(void* block) noexcept {
    uncounted(block);
}
void operator delete(void* block, std::size_t /*bytes*/) noexcept {
    uncounted(block);
}

namespace {

using namespace firebreak;
using namespace firebreak::rollout;
using std::chrono::milliseconds;

constexpr std::int64_t kFleet = 8'500'000;
constexpr Instant kPublished{std::chrono::seconds{1'800'000'000}};

/// As long as a device's id is, and another for each number.
std::string device_id(std::int64_t number) {
    std::string id = "00000000-0000-4000-8000-000000000000";
    for (std::size_t at = id.size(); number > 0; number /= 10) {
        id[--at] = static_cast<char>('0' + number % 10);
    }
    return id;
}

std::string tenant_of(std::int64_t device) {
    return "tenant-" + std::to_string(device % 5000);
}

/// One ring that takes in everybody, with the widest window there is.
Rollout rolling() {
    Plan plan;
    plan.name = "bench";
    plan.rings = {{.name = "all", .window_start = kWindowMax, .window_max = kWindowMax}};
    plan.default_ring = "all";
    plan.segments = {.by = {"os", "sensor", "tenant"}, .window_start = kWindowMax};
    Rollout rollout({"bench", 1}, sha256(bytes_of("a bundle")), plan);
    rollout.apply({kPublished, FleetSeen{{{"all", kFleet}}}});
    rollout.apply({kPublished, Started{}});
    rollout.apply({kPublished, RingOpened{"all"}});
    rollout.apply({kPublished, Widened{"all", kWindowMax, kPpbAll}});
    return rollout;
}

/// Each tenant has four OS builds of twenty, and two sensor builds of five.
Activated activation_of(std::int64_t device) {
    const std::int64_t os = (device % 5000 % 17 + device / 5000 % 4) % 20;
    const std::int64_t sensor = (device % 5000 % 4 + device / 20'000 % 2) % 5;
    std::vector<std::string> segments{"Linux 6.1.0-" + std::to_string(os),
                                      "0123456789abcde" + std::to_string(sensor),
                                      tenant_of(device)};
    return {device_id(device), tenant_of(device), "all", std::move(segments)};
}

/// Activates devices [from, to), and confirms each when `behind` others came after it: so many are
/// pending at any time, as when their reports come a minute later.
void let_in(Rollout& rollout, std::int64_t from, std::int64_t to, std::int64_t behind) {
    for (std::int64_t device = from; device < to; ++device) {
        rollout.apply({kPublished, activation_of(device)});
        if (device >= behind) rollout.apply({kPublished, Confirmed{device_id(device - behind)}});
    }
}

/// Each iteration is one device's four reports: ACTIVATING, which is asked about and let in,
/// HEALTHY, and two more from a device that is confirmed already, as heartbeats are. Every thousand
/// reports the controller decides: a hundred times as often as at a million reports a second.
void Reports(benchmark::State& state) {
    constexpr std::int64_t kPending = 10'000;
    constexpr std::int64_t kDecideEvery = 250;
    Rollout rollout = rolling();
    std::int64_t next = state.range(0);
    let_in(rollout, 0, next, kPending);
    Instant now = kPublished;
    std::int64_t turned_away = 0;
    for (auto _ : state) {
        Activated activation = activation_of(next);
        turned_away += rollout.may_activate(activation) ? 0 : 1;
        rollout.apply({now, std::move(activation)});
        rollout.apply({now, Confirmed{device_id(next - kPending)}});
        for (std::int64_t heard = 1; heard <= 2; ++heard) {
            const std::int64_t somebody = next * 7919 * heard % (next - kPending);
            rollout.apply({now, Confirmed{device_id(somebody)}});
        }
        if (++next % kDecideEvery == 0) {
            now += milliseconds{1};
            for (const Event& event : rollout.decide(now)) rollout.apply(event);
        }
    }
    if (turned_away > 0) state.SkipWithError("the window is full");
    state.SetItemsProcessed(4 * state.iterations());
}
BENCHMARK(Reports)->Arg(100'000)->Arg(1'000'000)->Arg(8'000'000);

/// What each device adds to the heap: with the window's worth of them pending, and at the highest
/// on the way there, when a table moves to a larger one.
void Memory(benchmark::State& state) {
    const std::int64_t devices = state.range(0);
    const std::int64_t pending = state.range(1);
    for (auto _ : state) {
        const std::size_t before = heap_bytes;
        heap_bytes_most = heap_bytes;
        Rollout rollout = rolling();
        let_in(rollout, 0, devices, pending);
        const auto per_device = [&](std::size_t bytes) {
            return static_cast<double>(bytes - before) / static_cast<double>(devices);
        };
        state.counters["bytes_per_device"] = per_device(heap_bytes);
        state.counters["bytes_per_device_most"] = per_device(heap_bytes_most);
    }
    state.SetItemsProcessed(2 * devices * state.iterations());
}
BENCHMARK(Memory)
    ->ArgNames({"devices", "pending"})
    ->Args({500'000, 1000})
    ->Args({1'000'000, 1000})
    ->Args({1'000'000, 100'000})
    ->Args({2'000'000, 1000})
    ->Args({8'500'000, 100'000})
    ->Args({8'500'000, 1'000'000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
