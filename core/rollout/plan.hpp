#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/rollout/freeze.hpp"
#include "core/rollout/velocity.hpp"

namespace firebreak::rollout {

using std::chrono::milliseconds;

/// What devices are alike in, so that a fault of theirs alone is seen: axes such as "os", each with
/// a segment for every value that devices have.
struct SegmentRules {
    /// Names of attributes that devices give when they enrol, or "tenant", or "sensor" (the engine
    /// build): each 1..64 of a-z 0-9 _ -, different, at most kSegmentAxesMax. Empty: no segments.
    std::vector<std::string> by{};
    std::int64_t window_start = 5;  ///< Of each segment, over all rings.
    friend bool operator==(const SegmentRules&, const SegmentRules&) = default;
};

/// One segment, as plans name it: "os=Windows 11 23H2".
struct SegmentName {
    std::string axis;
    std::string value;  ///< At most 256 bytes.
    friend bool operator==(const SegmentName&, const SegmentName&) = default;
};

std::string text_of(const SegmentName& name);

/// One ring of a plan: who, how many at once, and what must hold before the next.
struct Ring {
    std::string name;               ///< 1..64 of a-z 0-9 -, unique in the plan.
    std::string description{};      ///< For people; at most 2000 bytes.
    bool vendor_own = false;        ///< The vendor's own machines: one tenant suffices to halt.
    std::int64_t window_start = 5;  ///< Devices activated and not yet confirmed, at first.
    std::int64_t window_max = 50;   ///< The cap that doubling stops at.
    /// The cap as a share of the ring's active devices, where that is more; 0: window_max alone.
    double window_max_share = 0;
    milliseconds bake_floor{};       ///< From the last confirmation to the next ring, at least.
    std::int64_t confirmed_min = 1;  ///< Clean confirmations before the next ring, at least 1.
    double exposure_hours_min = 0;   ///< Confirmed device-hours on the new content, likewise.
    /// Those that must have confirmed, failures_min devices of each, before the next ring; their
    /// axes are in the plan's segments. At most kRingSegmentsMax.
    std::vector<SegmentName> segments{};
    std::int64_t approvals = 0;  ///< People who must approve before it opens.
    /// The names of those who may; empty: whoever has the role. Not fewer than approvals.
    std::vector<std::string> approvers{};
    friend bool operator==(const Ring&, const Ring&) = default;
};

/// A ring plan (ring-configs/*.yaml, schemas/ring-plan.v1.json), read.
struct Plan {
    std::string name;           ///< 1..64 of a-z 0-9 -.
    std::string description{};  ///< For people; at most 2000 bytes.
    Velocity velocity = Velocity::kRoutine;
    std::vector<Ring> rings;   ///< In the order of exposure; 1..kRingsMax.
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
    std::vector<Freeze> freezes{};  ///< At most kFreezesMax.
    SegmentRules segments{};
    friend bool operator==(const Plan&, const Plan&) = default;
};

/// How long a device that is well may be unheard of: three heartbeats.
milliseconds silent_after(const Plan& plan);

/// How long none of many devices may be heard before their reports are not getting through: half of
/// what a device that was well when it started has left until its deadline, so that an outage is
/// known before the first silence that it causes counts; 30 s at least, as a server that was busy
/// is no outage.
milliseconds quiet_after(const Plan& plan);

/// Whether reports do not get through: none of `devices` was heard for quiet_after, where twenty
/// heartbeats at least were to be expected (by chance: e^-20).
bool is_quiet(const Plan& plan, std::int64_t devices, std::int64_t heard);

inline constexpr std::size_t kRingsMax = 32;
inline constexpr std::size_t kFreezesMax = 64;
inline constexpr std::size_t kSegmentAxesMax = 4;
inline constexpr std::size_t kRingSegmentsMax = 64;
inline constexpr std::int64_t kApprovalsMax = 16;
inline constexpr std::size_t kApproversMax = 100;  ///< Named by a ring, or counted for it.
inline constexpr std::int64_t kWindowMax = 1'000'000;

/// A duration as plans write it: a whole number and one unit, "500ms", "60s", "15m", "4h"; no sign,
/// no
/// blank, no leading zero, at most 366 days.
///
/// @returns Errc::kMalformed otherwise.
[[nodiscard]] Result<milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back as `duration`. @pre 0 <= duration <= 366 days.
std::string format_duration(milliseconds duration);

/// Reads a plan that require_schema("ring-plan.v1") has passed, and checks what a schema cannot:
/// ring names unique, default ring exists and is the last, window start <= max, confirm_after <
/// silence_deadline. It also refuses whatever the schema should have refused, so that a plan from
/// elsewhere (an event log) is as safe.
///
/// Required: name, default_ring, rings; of a ring name, window, bake_floor, promote.confirmed_min.
/// What else is missing has the default above.
///
/// @returns Errc::kInvalid with the member's path ("plan.rings[1].window.start: …").
[[nodiscard]] Result<Plan> parse_plan(const json::value& document);

/// The whole plan as JSON, for the event log: parse_plan(to_json(p)) == p.
json::value to_json(const Plan& plan);

}  // namespace firebreak::rollout
