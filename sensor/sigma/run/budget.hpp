#pragma once

#include <chrono>
#include <cstdint>

namespace firebreak::sigma {

/// What one evaluation may still take. Work is counted in units of about a predicate each, and the
/// clock is looked at every kUnitsPerLook of them: a look costs more than most predicates.
class Budget {
public:
    using Clock = std::chrono::steady_clock::time_point (*)();

    static constexpr std::uint64_t kUnitsPerLook = 1024;

    Budget(std::chrono::milliseconds timeout, Clock clock)
        : clock_(clock), end_(clock() + timeout), out_(timeout.count() <= 0) {}

    /// Counts work that is about to be done. @returns false once time is up, and ever after.
    bool spend(std::uint64_t units) {
        units_ += units;
        if (units_ >= kUnitsPerLook) look();
        return !out_;
    }
    bool out() const { return out_; }

private:
    void look() {
        units_ = 0;
        if (clock_() >= end_) out_ = true;
    }

    Clock clock_;
    std::chrono::steady_clock::time_point end_;
    std::uint64_t units_ = 0;
    bool out_;
};

}  // namespace firebreak::sigma
