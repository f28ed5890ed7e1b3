#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.hpp"

namespace firebreak {

/// Where randomness comes from. Keys, tokens and jitter take it as an argument, so that a test
/// can repeat a run.
class Random {
public:
    virtual ~Random() = default;

    virtual void fill(std::span<std::uint8_t> bytes) = 0;

    Bytes bytes(std::size_t count) {
        Bytes result(count);
        fill(result);
        return result;
    }

    /// Uniform in [0, bound). @pre bound > 0.
    std::uint64_t below(std::uint64_t bound);
};

/// The operating system's generator, through libsodium. Fit for keys.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace firebreak
