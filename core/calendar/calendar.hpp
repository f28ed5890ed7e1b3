#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/rollout/freeze.hpp"

namespace firebreak::calendar {

/// A freeze in the time of the world.
struct Span {
    Instant from;
    Instant until;     ///< Exclusive.
    std::string name;  ///< Of the freeze that it begins with.
    friend bool operator==(const Span&, const Span&) = default;
};

/// The freeze that `now` is in, or else the next one within ten days: the weekly ones recur within
/// seven. Freezes that overlap or touch are one span. The machine's time zone database says what a
/// local time means: one that a clock shows twice counts from the first and until the second; one
/// that it skips is the moment of the skip.
///
/// @returns nothing when no freeze is near; Errc::kInvalid with "freeze[i].zone: …" when the
///   database has no such zone, Errc::kUnavailable when it cannot be read.
[[nodiscard]] Result<std::optional<Span>> next_freeze(std::span<const rollout::Freeze> freezes,
                                                      Instant now);

}  // namespace firebreak::calendar
