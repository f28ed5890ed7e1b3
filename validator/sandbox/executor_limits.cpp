// What program an Executor's worker is, and what it is held to.

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {
namespace {

/// What the program, its libraries and its stack need besides what content may take.
constexpr std::uint64_t kProgramBytes = 512U << 20U;

/// What AddressSanitizer costs, of time and of memory, at most: half of it is usual.
constexpr unsigned kSanitizerFactor = 4;

}  // namespace

const WorkerProgram& program_to_open(const EngineFile& engine, const WorkerProgram& own,
                                     const WorkerProgram* twin_host) {
    const bool elsewhere = engine.sanitized && !own.sanitized();
    return elsewhere && twin_host != nullptr ? *twin_host : own;
}

std::uint64_t Executor::address_space_max() const {
    return policy_.memory_bytes_max + policy_.input_bytes_max + content_bytes_ + kProgramBytes;
}

/// Whether it came near that limit, where it has one: then it died of it.
bool Executor::address_space_was_full(const Watch& watch) const {
    if (program_.sanitized()) return false;
    const std::uint64_t peak = std::max(watch.address_space_peak, memory_figure("VmPeak:"));
    return peak >= address_space_max() / 8 * 7;
}

/// Shared memory counts as resident too.
std::uint64_t Executor::resident_max() const {
    const std::uint64_t engine =
        policy_.memory_bytes_max * (program_.sanitized() ? kSanitizerFactor : 1);
    return engine + policy_.input_bytes_max + content_bytes_;
}

Patience Executor::granted(const Patience& patience) const {
    if (!program_.sanitized()) return patience;
    return {.cpu = patience.cpu * kSanitizerFactor, .wall = patience.wall * kSanitizerFactor};
}

/// A second fence, further out: the first is resident_max(), which is watched and told apart.
std::optional<Cgroup> Executor::own_cgroup() const {
    static std::atomic<std::uint64_t> count{0};
    constexpr std::uint64_t kProcessesMax = 64;  // An engine that is a program has some.
    if (!program_.cgroups()) return std::nullopt;
    Result<Cgroup> made = Cgroup::make(
        *program_.cgroups(), "worker-" + std::to_string(::getpid()) + "-" + std::to_string(++count),
        {.memory_bytes_max = 2 * resident_max(), .processes_max = kProcessesMax});
    if (!made) return std::nullopt;
    return *std::move(made);
}

}  // namespace firebreak::validator
