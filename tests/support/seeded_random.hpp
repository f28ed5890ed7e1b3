#pragma once

#include <cstdint>
#include <random>

#include "core/base/random.hpp"

namespace firebreak::test {

/// The same bytes on every run.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

    void fill(std::span<std::uint8_t> bytes) override {
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine_() & 0xFFU);
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace firebreak::test
