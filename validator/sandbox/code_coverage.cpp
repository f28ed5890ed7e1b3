#include "validator/sandbox/code_coverage.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace firebreak::validator {
namespace {

struct Counters {
    std::uint8_t* start = nullptr;
    std::size_t count = 0;
};

/// Filled in by constructors of libraries, before anything else of theirs runs. A library that
/// comes when it is full is not looked at.
constexpr std::size_t kLibrariesMax = 64;
std::array<Counters, kLibrariesMax> libraries;
std::size_t library_count = 0;

std::span<const Counters> registered() {
    return {libraries.data(), library_count};
}

/// 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more: as AFL and libFuzzer have it.
std::uint8_t magnitude(std::uint8_t hits) {
    if (hits < 4) return static_cast<std::uint8_t>(hits - 1);
    if (hits < 8) return 3;
    if (hits < 16) return 4;
    if (hits < 32) return 5;
    return hits < 128 ? 6 : 7;
}

void add_library(std::uint8_t* start, const std::uint8_t* stop) {
    const bool known =
        std::ranges::any_of(registered(), [start](const Counters& c) { return c.start == start; });
    if (known || start >= stop || library_count == libraries.size()) return;
    libraries.at(library_count++) = {start, static_cast<std::size_t>(stop - start)};
}

}  // namespace

void CodeCoverage::begin() noexcept {
    for (const Counters& counters : registered()) std::memset(counters.start, 0, counters.count);
}

std::vector<std::uint32_t> CodeCoverage::take_new(std::size_t features_max) {
    std::vector<std::uint32_t> found;
    std::size_t base = 0;
    for (const Counters& counters : registered()) {
        const std::size_t count = std::min(counters.count, kCountersMax - base);
        if (seen_.size() < base + count) seen_.resize(base + count);
        for (std::size_t index = 0; index < count; ++index) {
            const std::uint8_t hits = counters.start[index];
            if (hits == 0) continue;
            const std::uint8_t order = magnitude(hits);
            std::uint8_t& seen = seen_[base + index];
            const bool is_new = ((seen >> order) & 1U) == 0;
            if (!is_new || found.size() == features_max) continue;
            seen = static_cast<std::uint8_t>(seen | (1U << order));
            found.push_back(static_cast<std::uint32_t>((base + index) * 8 + order));
        }
        base += count;
    }
    return found;
}

}  // namespace firebreak::validator

// What instrumented code calls. The names are the compiler's.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" {
__attribute__((visibility("default"))) void __sanitizer_cov_8bit_counters_init(std::uint8_t* start,
                                                                               std::uint8_t* stop);
__attribute__((visibility("default"))) void __sanitizer_cov_pcs_init(const std::uintptr_t* start,
                                                                     const std::uintptr_t* stop);

void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* stop) {
    firebreak::validator::add_library(start, stop);
}
/// Where each counter stands in the program: of no use here.
void __sanitizer_cov_pcs_init(const std::uintptr_t* /*start*/, const std::uintptr_t* /*stop*/) {}
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)
