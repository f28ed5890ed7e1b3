#pragma once

#include <optional>
#include <string_view>

#include "core/base/json.hpp"
#include "core/rollout/rollout.hpp"
#include "core/trust/ring_rule.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// Where one device stands in one rollout. Who was let in has one of those after kMayActivate,
/// unless it was revoked; of the others it is the first that is so.
enum class Standing {
    kRevoked,
    kHalted,          ///< The rollout was, before the device's turn.
    kRingNotInPlan,   ///< Nobody of its ring is ever let in.
    kBuildNotListed,  ///< The release was not validated in the engine build it runs (P1).
    kNotStarted,
    kHeld,
    kRingClosed,      ///< Rings before its own come first.
    kAboveThreshold,  ///< Its bucket is not below the ring's threshold yet.
    kAboveCeiling,    ///< Nor may it be: the offline keys allow less of the ring for now.
    kWindowFull,
    kSegmentWindowFull,  ///< That of one of its segments.
    kMayActivate,
    kPending,
    kConfirmed,
    kFailed,    ///< Crashed, rolled back, or would not run it.
    kSilent,    ///< Said no HEALTHY by its deadline.
    kForgiven,  ///< Failed, and the rollout went on since.
};

/// "above-threshold": the standing as the API writes it.
std::string_view name_of(Standing standing);

/// What is known of one device and one release.
struct DeviceGround {
    const Device& device;
    const rollout::Rollout& rollout;
    /// What the offline keys signed about the release; nullptr leaves build and ceiling unasked.
    const trust::ContentTerms* terms = nullptr;
    Instant now;
};

/// The rollout itself is asked whether the device may activate; this says why not.
Standing standing_of(const DeviceGround& ground);

/// The earliest moment that the device can get the release, as far as is known now: a lower bound.
/// Nothing when something must happen first of which nobody knows when.
std::optional<Instant> not_before(const DeviceGround& ground);

/// {"by", "name", "token"}: how the device got into its ring, and by which enrolment token.
json::object placement_view(const Device& device);

/// One element of "rollouts" in GET /v1/fleet/<device>/explain (docs/api.md).
json::object standing_view(const DeviceGround& ground);

}  // namespace firebreak::server
