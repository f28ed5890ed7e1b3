#pragma once

#include <cstdint>
#include <random>
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

/// The same bytes for the same seed, on every machine: what generates tests. Never for keys.
/// Source: std::mt19937_64, whose output the C++ standard fixes; bytes are little-endian.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

    void fill(std::span<std::uint8_t> bytes) override;

private:
    std::mt19937_64 engine_;
};

}  // namespace firebreak
