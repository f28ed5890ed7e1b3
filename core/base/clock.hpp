#pragma once

#include <chrono>

namespace firebreak {

/// UTC to the millisecond: what events, reports and decisions are stamped with.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where time comes from. Only main() makes a SystemClock; everything else is handed a Clock or a
/// time, so that a test, or a simulation of a year, decides what time it is.
class Clock {
public:
    virtual ~Clock() = default;

    /// Wall-clock time, UTC. May jump in either direction.
    virtual Instant now() const = 0;

    /// Never goes back. For how long something took, and for nothing else.
    virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
public:
    Instant now() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::now();
    }
};

}  // namespace firebreak
