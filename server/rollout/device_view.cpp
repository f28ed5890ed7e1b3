#include "server/rollout/device_view.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/cohort.hpp"
#include "server/rollout/rollout_view.hpp"
#include "server/rollout/segment_values.hpp"

namespace firebreak::server {
namespace {

using rollout::RingState;
using rollout::Rollout;

json::value optional_time(const std::optional<Instant>& time) {
    return time ? json::value(format_utc_millis(*time)) : json::value(nullptr);
}

/// The place of the device's ring among the plan's.
std::optional<std::size_t> ring_of(const DeviceGround& ground) {
    const std::vector<RingState>& rings = ground.rollout.rings();
    const auto found = std::ranges::find(rings, ground.device.ring, &RingState::name);
    if (found == rings.end()) return std::nullopt;
    return static_cast<std::size_t>(found - rings.begin());
}

/// The ring that is open furthest.
std::optional<std::size_t> front_of(const Rollout& rollout) {
    std::optional<std::size_t> front;
    for (std::size_t i = 0; i < rollout.rings().size(); ++i) {
        if (rollout.rings()[i].open) front = i;
    }
    return front;
}

std::int64_t bucket_of(const DeviceGround& ground) {
    return rollout::bucket(ground.rollout.bundle(), ground.device.id);
}

std::int64_t ceiling_of(const DeviceGround& ground, Instant when) {
    return trust::ceiling_at(*ground.terms, ground.device.ring,
                             std::chrono::floor<std::chrono::seconds>(when));
}

/// When, from `from` on, the offline ceiling first takes the device in.
std::optional<Instant> ceiling_admits(const DeviceGround& ground, Instant from) {
    if (ground.terms == nullptr) return from;
    const std::int64_t bucket = bucket_of(ground);
    if (bucket < ceiling_of(ground, from)) return from;
    std::optional<Instant> earliest;
    for (const trust::CeilingStep& step : ground.terms->ceiling) {
        const Instant begins = step.not_before;
        if (begins <= from || bucket >= ceiling_of(ground, begins)) continue;
        if (!earliest || begins < *earliest) earliest = begins;
    }
    return earliest;
}

/// The earliest that the ring at `index` can open: after the bake of the ring in front, and those
/// of the rings between the two. Of what else these wait for nobody knows when.
Instant opens_not_before(const DeviceGround& ground, std::size_t index) {
    const Rollout& rollout = ground.rollout;
    const std::vector<rollout::Ring>& planned = rollout.plan().rings;
    const std::optional<std::size_t> front = front_of(rollout);
    Instant earliest = ground.now;
    if (front && rollout.active(planned[*front].name) > 0) {
        for (const rollout::Gate& gate : rollout.gates(ground.now)) {
            if (gate.kind != rollout::Gate::Kind::kBaked || gate.open) continue;
            // A bake that has not begun takes all of its time.
            earliest = gate.opens_at.value_or(ground.now + planned[*front].bake_floor);
        }
    }
    for (std::size_t i = front ? *front + 1 : 0; i < index; ++i) {
        // A ring without devices is skipped.
        if (rollout.active(planned[i].name) > 0) earliest += planned[i].bake_floor;
    }
    // No ring opens during a freeze.
    return rollout.frozen_until(earliest).value_or(earliest);
}

Standing standing_of_exposed(const rollout::Exposure& exposure, const DeviceGround& ground) {
    if (exposure.forgiven) return Standing::kForgiven;
    if (exposure.crashed) return Standing::kFailed;
    if (exposure.outcome == rollout::DeviceOutcome::kConfirmed) return Standing::kConfirmed;
    const Instant deadline = exposure.activated + ground.rollout.plan().silence_deadline;
    // A deadline counts from the moment that it passes, before any event says so.
    if (exposure.silent || deadline <= ground.now) return Standing::kSilent;
    return Standing::kPending;
}

json::value ring_view(const DeviceGround& ground, std::size_t index) {
    const Rollout& rollout = ground.rollout;
    const RingState& ring = rollout.rings()[index];
    const json::value ceiling = ground.terms == nullptr
                                    ? json::value(nullptr)
                                    : json::value(ceiling_of(ground, ground.now));
    return json::object{{"position", index + 1},
                        {"of", rollout.rings().size()},
                        {"open", ring.open},
                        {"baked", ring.baked},
                        {"threshold_ppb", ring.threshold_ppb},
                        {"ceiling_ppb", ceiling},
                        {"active", rollout.active(ring.name)},
                        {"window", ring.window},
                        {"filled", rollout.filling(ring)},
                        {"room", rollout.room(ring.name)}};
}

/// What the device is, and how full the windows of that are.
json::array segments_view(const DeviceGround& ground) {
    const Rollout& rollout = ground.rollout;
    const std::vector<std::string> values = segment_values(rollout.plan().segments, ground.device);
    json::array views;
    for (std::size_t axis = 0; axis < values.size(); ++axis) {
        const rollout::Segment* segment = rollout.segments().find(axis, values[axis]);
        const rollout::Segment none;
        const rollout::Segment& shown = segment == nullptr ? none : *segment;
        const rollout::SegmentName name{rollout.plan().segments.by[axis], values[axis]};
        views.push_back({{"segment", rollout::text_of(name)},
                         {"window", rollout.window_of(shown)},
                         {"filled", rollout.filling(shown)}});
    }
    return views;
}

json::value exposure_view(const DeviceGround& ground) {
    const rollout::Exposure* exposure = ground.rollout.exposures().find(ground.device.id);
    if (exposure == nullptr) return nullptr;
    const bool resolved = exposure->outcome != rollout::DeviceOutcome::kPending;
    return json::object{
        {"activated", format_utc_millis(exposure->activated)},
        {"deadline",
         format_utc_millis(exposure->activated + ground.rollout.plan().silence_deadline)},
        {"resolved", resolved ? json::value(format_utc_millis(exposure->resolved)) : nullptr}};
}

/// Of the ring's devices, about how many come before this one and are not exposed yet.
std::int64_t ahead_of(const DeviceGround& ground, std::size_t index) {
    const RingState& ring = ground.rollout.rings()[index];
    const auto share = static_cast<double>(bucket_of(ground) - ring.threshold_ppb) /
                       static_cast<double>(rollout::kPpbAll);
    return static_cast<std::int64_t>(share * static_cast<double>(ground.rollout.active(ring.name)));
}

/// What a closed ring waits for: the gates of the ring in front.
json::value waits_for(const DeviceGround& ground) {
    const std::optional<std::size_t> front = front_of(ground.rollout);
    if (!front) return nullptr;
    return json::object{{"ring", ground.rollout.rings()[*front].name},
                        {"gates", gates_view(ground.rollout, ground.now)}};
}

}  // namespace

std::string_view name_of(Standing standing) {
    switch (standing) {
        case Standing::kRevoked: return "revoked";
        case Standing::kHalted: return "halted";
        case Standing::kRingNotInPlan: return "ring-not-in-plan";
        case Standing::kBuildNotListed: return "build-not-listed";
        case Standing::kNotStarted: return "not-started";
        case Standing::kHeld: return "held";
        case Standing::kRingClosed: return "ring-closed";
        case Standing::kAboveThreshold: return "above-threshold";
        case Standing::kAboveCeiling: return "above-ceiling";
        case Standing::kWindowFull: return "window-full";
        case Standing::kSegmentWindowFull: return "segment-window-full";
        case Standing::kMayActivate: return "may-activate";
        case Standing::kPending: return "pending";
        case Standing::kConfirmed: return "confirmed";
        case Standing::kFailed: return "failed";
        case Standing::kSilent: return "silent";
        case Standing::kForgiven: return "forgiven";
    }
    check_failed("a standing", __FILE__, __LINE__);
}

Standing standing_of(const DeviceGround& ground) {
    const auto& [device, rollout, terms, now] = ground;
    if (device.revoked) return Standing::kRevoked;
    if (const rollout::Exposure* exposure = rollout.exposures().find(device.id)) {
        return standing_of_exposed(*exposure, ground);
    }
    if (rollout.phase() == rollout::Phase::kHalted) return Standing::kHalted;
    const std::optional<std::size_t> index = ring_of(ground);
    if (!index) return Standing::kRingNotInPlan;
    if (terms != nullptr &&
        std::ranges::find(terms->builds, device.engine_build) == terms->builds.end()) {
        return Standing::kBuildNotListed;
    }
    if (rollout.phase() == rollout::Phase::kReady) return Standing::kNotStarted;
    if (rollout.phase() == rollout::Phase::kHeld) return Standing::kHeld;
    const RingState& ring = rollout.rings()[*index];
    if (!ring.open) return Standing::kRingClosed;
    const std::int64_t bucket = bucket_of(ground);
    if (bucket >= ring.threshold_ppb) return Standing::kAboveThreshold;
    if (terms != nullptr && bucket >= ceiling_of(ground, now)) return Standing::kAboveCeiling;
    const rollout::Activated asked = activation_of(device, rollout.plan());
    if (rollout.may_activate(asked)) return Standing::kMayActivate;
    return rollout.has_room(asked) ? Standing::kWindowFull : Standing::kSegmentWindowFull;
}

std::optional<Instant> not_before(const DeviceGround& ground) {
    switch (standing_of(ground)) {
        case Standing::kMayActivate: return ground.now;
        case Standing::kAboveCeiling: return ceiling_admits(ground, ground.now);
        case Standing::kRingClosed:
            return ceiling_admits(ground, opens_not_before(ground, *ring_of(ground)));
        default: return std::nullopt;
    }
}

json::object placement_view(const Device& device) {
    return {{"by", name_of(device.placement.by)},
            {"name", device.placement.name.empty() ? json::value(nullptr)
                                                   : json::value(device.placement.name)},
            {"token", device.enrolment_token}};
}

json::object standing_view(const DeviceGround& ground) {
    const auto& [device, rollout, terms, now] = ground;
    const Standing standing = standing_of(ground);
    const std::optional<std::size_t> index = ring_of(ground);
    const auto running = device.running.find(rollout.id().stream);
    const bool waits = standing == Standing::kRingClosed;
    const bool queues = standing == Standing::kAboveThreshold;
    return {{"stream", rollout.id().stream},
            {"counter", rollout.id().counter},
            {"phase", rollout::name_of(rollout.phase())},
            {"reason", rollout.reason()},
            {"running",
             running == device.running.end() ? json::value(nullptr) : json::value(running->second)},
            {"state", name_of(standing)},
            {"may_activate",
             !device.revoked && rollout.may_activate(activation_of(device, rollout.plan()))},
            {"not_before", optional_time(not_before(ground))},
            {"bucket_ppb", bucket_of(ground)},
            {"ahead", queues ? json::value(ahead_of(ground, *index)) : json::value(nullptr)},
            {"ring", index ? ring_view(ground, *index) : json::value(nullptr)},
            {"segments", segments_view(ground)},
            {"waits_for", waits ? waits_for(ground) : json::value(nullptr)},
            {"exposure", exposure_view(ground)}};
}

}  // namespace firebreak::server
