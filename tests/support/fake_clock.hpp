#pragma once

#include "core/base/clock.hpp"

namespace firebreak::test {

/// A clock that stands still until a test moves it.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Instant start = Instant{std::chrono::seconds{1'800'000'000}})
        : now_(start) {}

    Instant now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override { return steady_; }

    void advance(std::chrono::milliseconds by) {
        now_ += by;
        steady_ += by;
    }
    /// Moves the wall clock alone, also backwards, as an operator or NTP may.
    void set(Instant now) { now_ = now; }

private:
    Instant now_;
    std::chrono::steady_clock::time_point steady_{};
};

}  // namespace firebreak::test
