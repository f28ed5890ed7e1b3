#pragma once

#include <cstdint>
#include <vector>

namespace firebreak::validator {

/// What an instrumented engine build tells of the paths that it took: for libraries compiled with
/// clang's -fsanitize-coverage=inline-8bit-counters, which register their counters with this
/// program (__sanitizer_cov_8bit_counters_init) when they are opened. Lives in the worker.
///
/// Nothing for any other build: everything is a no-op then.
/// Source: https://clang.llvm.org/docs/SanitizerCoverage.html
class CodeCoverage {
public:
    /// At most this many counters are looked at, of all libraries together.
    static constexpr std::size_t kCountersMax = 4U << 20U;

    /// Sets every counter to zero: an input begins.
    void begin() noexcept;

    /// The features of the input that no input before had: a feature is a counter together with the
    /// order of magnitude that it reached. At most `features_max`; the others come up again.
    std::vector<std::uint32_t> take_new(std::size_t features_max);

private:
    std::vector<std::uint8_t> seen_;  ///< By counter: a bit for each order of magnitude.
};

}  // namespace firebreak::validator
