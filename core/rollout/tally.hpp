#pragma once

#include <chrono>
#include <cstdint>

#include "core/rollout/exposures.hpp"

namespace firebreak::rollout {

/// Device time, kept as sums so that it costs nothing to ask for.
struct DeviceTime {
    std::int64_t running = 0;                   ///< Devices whose time goes on.
    std::chrono::milliseconds running_since{};  ///< Sum of their beginnings, from the first event.
    std::chrono::milliseconds ended{};          ///< Sum of the spans of those whose time has ended.
    /// @param now  counted from the first event, like running_since.
    double hours(std::chrono::milliseconds now) const;
    friend bool operator==(const DeviceTime&, const DeviceTime&) = default;
};

/// What some of the devices that were let in have come to, kept as sums: those of a ring, or of a
/// segment.
struct Tally {
    std::int64_t activated = 0;
    std::int64_t confirmed = 0;    ///< Healthy as far as known.
    std::int64_t failed = 0;       ///< Crashed or silent, forgiven ones included.
    std::int64_t unconfirmed = 0;  ///< Fill the window: pending, or failed before ever healthy.
    std::int64_t pending = 0;
    std::int64_t crashed = 0;         ///< Not forgiven.
    std::int64_t silent = 0;          ///< Not forgiven.
    std::int64_t forgiven = 0;        ///< Out of evidence and window.
    std::int64_t once_confirmed = 0;  ///< Never falls.
    DeviceTime at_risk;               ///< From activation to the first crash.
    DeviceTime clean;                 ///< From activation, of devices confirmed now.

    /// Adds what `exposure` counts for, or takes it off.
    /// @param began, resolved  of the exposure, counted from the first event.
    /// @param sign             1 or -1.
    void count(const Exposure& exposure, std::chrono::milliseconds began,
               std::chrono::milliseconds resolved, std::int64_t sign);

    /// One pending device is past its deadline.
    void pass_deadline();

    /// What fills a window: the unconfirmed without those silent ones that are within tolerance, at
    /// most floor(silence_q0 * once confirmed).
    std::int64_t filling(double silence_q0) const;

    friend bool operator==(const Tally&, const Tally&) = default;
};

}  // namespace firebreak::rollout
