#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "core/base/clock.hpp"
#include "tests/simulation/dice.hpp"

namespace firebreak::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Virtual time, and all that is yet to happen in it. What falls on one instant happens in an order
/// that the seed decides.
class Timeline final : public Clock {
public:
    explicit Timeline(std::uint64_t seed) : tiebreak_(seed) {}

    Instant now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point{now_ - kStart + milliseconds{1}};
    }
    /// Since the beginning of the world.
    milliseconds elapsed() const { return now_ - kStart; }

    void after(milliseconds delay, std::function<void()> action) {
        events_.push({now_ + std::max(delay, milliseconds{0}), tiebreak_.number(), ++pushed_,
                      std::move(action)});
    }

    /// Lets the next event happen. @returns false when there is none.
    bool step() {
        if (events_.empty()) return false;
        // The queue gives its top as const; it is popped right after.
        auto action = std::move(const_cast<Event&>(events_.top()).action);  // NOLINT
        now_ = events_.top().at;
        events_.pop();
        ++happened_;
        action();
        return true;
    }
    std::uint64_t happened() const { return happened_; }

private:
    static constexpr Instant kStart{seconds{1'800'000'000}};

    struct Event {
        Instant at;
        std::uint64_t tiebreak;
        std::uint64_t number;
        std::function<void()> action;

        friend bool operator<(const Event& a, const Event& b) {
            if (a.at != b.at) return a.at > b.at;
            if (a.tiebreak != b.tiebreak) return a.tiebreak > b.tiebreak;
            return a.number > b.number;
        }
    };

    Instant now_ = kStart;
    Dice tiebreak_;
    std::priority_queue<Event> events_;
    std::uint64_t pushed_ = 0;
    std::uint64_t happened_ = 0;
};

/// One machine's idea of the time: off by some, and set now and then.
class SkewedClock final : public Clock {
public:
    explicit SkewedClock(const Timeline& timeline) : timeline_(timeline) {}

    Instant now() const override { return timeline_.now() + skew; }
    std::chrono::steady_clock::time_point steady() const override { return timeline_.steady(); }

    milliseconds skew{0};

private:
    const Timeline& timeline_;
};

}  // namespace firebreak::simulation
