#pragma once

#include <chrono>

#include "core/base/random.hpp"

namespace firebreak::client {

/// `interval`, give or take a quarter, so that a fleet that started together does not poll
/// together.
std::chrono::milliseconds jittered(std::chrono::seconds interval, Random& random);

/// Exponential back-off with full jitter: after the n-th failure in a row a wait uniform in
/// [0, min(kMost, kFirst * 2^n)], but at least kLeast. Jitter over the whole range spreads a fleet
/// that lost its server at one instant (the AWS architecture blog's "Exponential Backoff And
/// Jitter" has the simulation).
class Backoff {
public:
    static constexpr std::chrono::milliseconds kLeast{500};
    static constexpr std::chrono::milliseconds kFirst{1'000};
    static constexpr std::chrono::milliseconds kMost{900'000};

    std::chrono::milliseconds next(Random& random);
    void reset() noexcept { failures_ = 0; }

private:
    int failures_ = 0;
};

}  // namespace firebreak::client
