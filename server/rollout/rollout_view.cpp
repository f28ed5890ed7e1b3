#include "server/rollout/rollout_view.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "core/base/utc.hpp"

namespace firebreak::server {
namespace {

std::string text_of_time(Instant time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

/// To the millisecond: the time to a halt is a figure that people compare.
json::value optional_time(const std::optional<Instant>& time) {
    return time ? json::value(format_utc_millis(*time)) : json::value(nullptr);
}

json::value held_by(const rollout::Rollout& rollout) {
    if (rollout.held_by() == rollout::HeldBy::kUnsaid) return nullptr;
    return json::value(name_of(rollout.held_by()));
}

json::object ring_view(const rollout::Rollout& rollout, const rollout::RingState& ring,
                       Instant now) {
    return {{"name", ring.name},
            {"open", ring.open},
            {"baked", ring.baked},
            {"window", ring.window},
            {"threshold_ppb", ring.threshold_ppb},
            {"active", rollout.active(ring.name)},
            {"activated", ring.activated},
            {"confirmed", ring.confirmed},
            {"failed", ring.failed},
            {"unconfirmed", ring.unconfirmed},
            {"lost", ring.lost},
            {"e", rollout.evidence_of(ring.name, now).log_e}};
}

/// ln(1/alpha): what `e` is compared with.
double threshold_of(const rollout::Plan& plan) {
    return -std::log(plan.alpha);
}

/// ln E, unless nothing is known that could be evidence.
json::value e_or_null(double log_e) {
    return log_e > rollout::kNoEvidence / 2 ? json::value(log_e) : json::value(nullptr);
}

json::object evidence_view(const rollout::Rollout& rollout, Instant now) {
    const rollout::Evidence evidence = rollout.evidence(now);
    return {{"e_crash", evidence.log_e_crash},
            {"e_control", evidence.log_e_control},
            {"e_losses", evidence.log_e_losses},
            {"e_silence", evidence.log_e_silence},
            {"e_segments", e_or_null(evidence.segments.log_e())},
            {"e", evidence.log_e},
            {"threshold", threshold_of(rollout.plan())},
            {"failed_devices", evidence.failed_devices},
            {"failed_tenants", evidence.failed_tenants},
            {"lost_devices", evidence.lost_devices},
            {"exposure_hours", evidence.exposure_hours}};
}

/// Those that say most against the release, then the largest.
json::array segments_view(const rollout::Rollout& rollout, Instant now) {
    constexpr std::size_t kShownMost = 20;
    struct Shown {
        const rollout::Segment* segment;
        double log_e;
    };
    std::vector<Shown> shown;
    for (const rollout::Segment& segment : rollout.segments().all()) {
        shown.push_back({&segment, rollout.evidence_of(segment, now)});
    }
    const auto order = [](const Shown& it) {
        return std::tuple(-it.log_e, -it.segment->failed, -it.segment->activated);
    };
    std::ranges::sort(shown, {}, order);
    if (shown.size() > kShownMost) shown.resize(kShownMost);
    json::array views;
    for (const auto& [segment, log_e] : shown) {
        views.push_back({{"segment", name_of(*segment, rollout.plan())},
                         {"activated", segment->activated},
                         {"confirmed", segment->confirmed},
                         {"failed", segment->failed},
                         {"window", rollout.window_of(*segment)},
                         {"filled", rollout.filling(*segment)},
                         {"e", e_or_null(log_e)}});
    }
    return views;
}

std::int64_t harm_bound_of(const rollout::Rollout& rollout) {
    std::string furthest = rollout.rings().front().name;
    for (const rollout::RingState& ring : rollout.rings()) {
        if (ring.open) furthest = ring.name;
    }
    return rollout.harm_bound(furthest);
}

/// Why it may not widen: in the ring open furthest.
json::object window_view(const rollout::Rollout& rollout) {
    json::object window;
    for (const rollout::RingState& ring : rollout.rings()) {
        if (!ring.open) continue;
        window = {{"ring", ring.name},
                  {"size", ring.window},
                  {"filled", rollout.filling(ring)},
                  {"room", rollout.room(ring.name)},
                  {"failures_to_halt", rollout.failures_to_halt(ring.name)}};
    }
    return window;
}

/// What people said, and what the calendar says. A freeze that is over is not shown.
json::object people_view(const rollout::Rollout& rollout, Instant now) {
    json::object people{{"approved_by", json::array{}},
                        {"override_asked", nullptr},
                        {"overridden", json::array{}},
                        {"resume_asked", nullptr},
                        {"freeze", nullptr}};
    if (const auto next = rollout.next_ring()) {
        const auto& names = rollout.rings()[*next].approved_by;
        people["approved_by"] = json::array(names.begin(), names.end());
    }
    if (const rollout::OverrideAsked* asked = rollout.override_asked(now)) {
        people["override_asked"] = {
            {"person", asked->person},
            {"ring", asked->ring},
            {"reason", asked->reason},
            {"until", text_of_time(rollout.override_asked_at() + rollout::kOverrideAskedFor)}};
    }
    if (const rollout::ResumeAsked* asked = rollout.resume_asked(now)) {
        const Instant at = rollout.resume_asked_at();
        people["resume_asked"] = {{"person", asked->person},
                                  {"reason", asked->reason},
                                  {"at", text_of_time(at)},
                                  {"until", text_of_time(at + rollout::kOverrideAskedFor)}};
    }
    for (const rollout::RingState& ring : rollout.rings()) {
        if (ring.overridden) people["overridden"].as_array().emplace_back(ring.name);
    }
    if (const auto& freeze = rollout.freeze(); freeze && now < freeze->until) {
        people["freeze"] = {{"name", freeze->name},
                            {"from", text_of_time(freeze->from)},
                            {"until", text_of_time(freeze->until)}};
    }
    return people;
}

}  // namespace

json::array gates_view(const rollout::Rollout& rollout, Instant now) {
    json::array gates;
    for (const rollout::Gate& gate : rollout.gates(now)) {
        gates.push_back({{"gate", rollout::name_of(gate.kind)},
                         {"open", gate.open},
                         {"have", gate.have},
                         {"need", gate.need},
                         {"opens_at", optional_time(gate.opens_at)}});
    }
    return gates;
}

json::object view_of(const rollout::Rollout& rollout, const Release& release, Instant now) {
    json::array rings;
    for (const rollout::RingState& ring : rollout.rings_at(now)) {
        rings.push_back(ring_view(rollout, ring, now));
    }
    return {{"stream", rollout.id().stream},
            {"counter", rollout.id().counter},
            {"bundle", rollout.bundle().hex()},
            {"phase", rollout::name_of(rollout.phase())},
            {"held_by", held_by(rollout)},
            {"reason", rollout.reason()},
            {"plan", rollout.plan().name},
            {"rings", std::move(rings)},
            {"segments", segments_view(rollout, now)},
            {"window", window_view(rollout)},
            {"gates", gates_view(rollout, now)},
            {"people", people_view(rollout, now)},
            {"evidence", evidence_view(rollout, now)},
            {"harm_bound", harm_bound_of(rollout)},
            {"first_activation", optional_time(rollout.first_activation())},
            {"halted_at", optional_time(rollout.halted_at())},
            {"published", text_of_time(release.published)}};
}

}  // namespace firebreak::server
