#include "core/base/random.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <bit>

#include "core/base/check.hpp"

namespace firebreak {

std::uint64_t Random::below(std::uint64_t bound) {
    FIREBREAK_CHECK(bound > 0);
    // Values under this remainder would make the low results a little likelier; draw again.
    const std::uint64_t uneven = (0 - bound) % bound;
    for (;;) {
        std::array<std::uint8_t, 8> raw{};
        fill(raw);
        const auto value = std::bit_cast<std::uint64_t>(raw);
        if (value >= uneven) return value % bound;
    }
}

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
    if (!bytes.empty()) randombytes_buf(bytes.data(), bytes.size());
}

void SeededRandom::fill(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        std::uint64_t word = engine_();
        const std::size_t count = std::min(bytes.size(), sizeof word);
        for (std::uint8_t& byte : bytes.first(count)) {
            byte = static_cast<std::uint8_t>(word);
            word >>= 8U;
        }
        bytes = bytes.subspan(count);
    }
}

}  // namespace firebreak
