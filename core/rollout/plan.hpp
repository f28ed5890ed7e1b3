#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::rollout {

using std::chrono::milliseconds;

/// One ring of a plan: who, how many at once, and what must hold before the next.
struct Ring {
    std::string name;
    bool vendor_own = false;         ///< The vendor's own machines: one tenant suffices to halt.
    std::int64_t window_start = 5;   ///< Devices activated and not yet confirmed, at first.
    std::int64_t window_max = 50;    ///< The cap that doubling stops at.
    milliseconds bake_floor{};       ///< From the last confirmation to the next ring, at least.
    std::int64_t confirmed_min = 1;  ///< Clean confirmations before the next ring.
    double exposure_hours_min = 0;   ///< Device-hours on the new content, likewise.
};

/// A ring plan (ring-configs/*.yaml, schemas/ring-plan.v1.json), read.
struct Plan {
    std::string name;
    std::vector<Ring> rings;   ///< In the order of exposure.
    std::string default_ring;  ///< For a device that no rule places; must be the last, the slowest.
    double alpha = 1e-4;       ///< Bound on P(false halt) over the rollout's life.
    double silence_q0 = 0.005;          ///< Natural loss tolerated per activation.
    double crash_rate_per_hour = 3e-5;  ///< Tolerated rate l1 = 3x the baseline, per device-hour.
    std::int64_t failures_min = 3;      ///< Distinct failed devices before a halt.
    std::int64_t tenants_min = 2;       ///< Distinct tenants, outside the vendor's own ring.
    double control_silent_share_max = 0.5;   ///< Above it, silence holds instead of halting.
    milliseconds confirm_after{60'000};      ///< Agent: from activation to HEALTHY.
    milliseconds silence_deadline{180'000};  ///< D: no HEALTHY by then is a failure.
    milliseconds heartbeat_every{300'000};   ///< Agent: while inside an open window.
    milliseconds poll_every{60'000};
};

/// Reads a plan that require_schema("ring-plan.v1") has passed, and checks what a schema cannot:
/// ring names unique, default ring exists and is the last, window_start <= window_max,
/// confirm_after < silence_deadline.
///
/// @returns Errc::kInvalid with the member's path ("rings[1].window.start: …").
[[nodiscard]] Result<Plan> parse_plan(const json::value& document);

/// The whole plan as JSON, for the event log: parse_plan(to_json(p)) == p.
json::value to_json(const Plan& plan);

}  // namespace firebreak::rollout
