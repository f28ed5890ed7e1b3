// How the state weighs against the bundle at a moment, and how much it takes to cross (ADR 0003).

#include <algorithm>
#include <set>

#include "core/base/check.hpp"
#include "core/base/smallest.hpp"
#include "core/rollout/portable_math.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::rollout {

double log_e_to_halt_alone(const Plan& plan, EvidencePart part) {
    // Of the crashes' part half is for those that begin late; then half is the segments', if any.
    const double of_part = part == EvidencePart::kCrash ? 0.4 / 2 : 0.4;
    const double weight = plan.segments.by.empty() ? of_part : of_part / 2;
    const double share = weight / static_cast<double>(plan.rings.size());
    return -portable::log(plan.alpha) - portable::log(share);
}

template <class Visit>
void Rollout::for_each_overdue(Instant now, Visit visit) const {
    for (const Awaited& awaited : pending_) {
        if (awaited.activated + plan_.silence_deadline > now) return;
        if (waits(awaited)) visit(exposures_.at(awaited.place));
    }
}

std::vector<RingState> Rollout::rings_at(Instant now) const {
    std::vector<RingState> rings = rings_;
    for_each_overdue(now,
                     [&rings](const Exposure& exposure) { rings[exposure.ring].pass_deadline(); });
    return rings;
}

double Rollout::clean_hours(const RingState& ring, Instant now) const {
    return ring.clean.hours(since_origin(now));
}

Evidence Rollout::weigh(std::span<const RingState> rings, Instant now) const {
    Evidence evidence;
    LogMean crash;
    LogMean silence;
    for (const RingState& ring : rings) {
        const double hours = ring.at_risk.hours(since_origin(now));
        crash.add(log_e_crash(ring.crashed, hours, plan_.crash_rate_per_hour));
        silence.add(silence_process_.log_e(ring.silent, ring.activated - ring.forgiven));
        evidence.failed_devices += ring.crashed + ring.silent;
        evidence.lost_devices += ring.lost;
        evidence.exposure_hours += hours;
    }
    evidence.log_e_crash = crash.log_mean();
    evidence.log_e_control = control_process_.log_e();
    evidence.log_e_losses = loss_process_.log_e();
    evidence.log_e_silence = silence.log_mean();
    evidence.log_e = log_e_combined(evidence.log_e_crash,
                                    log_mean_of(evidence.log_e_control, evidence.log_e_losses),
                                    evidence.log_e_silence);
    return evidence;
}

/// @returns ln E of its crashes, and of its silence.
std::pair<double, double> Rollout::weigh_segment(const Tally& tally, Instant now) const {
    // One device that fails is in some segment, always; that is no reason to suspect the segment.
    constexpr std::int64_t kFailuresLeast = 2;
    if (tally.crashed + tally.silent < kFailuresLeast) return {kNoEvidence, kNoEvidence};
    const double hours = tally.at_risk.hours(since_origin(now));
    return {log_e_crash(tally.crashed, hours, plan_.crash_rate_per_hour),
            silence_process_.log_e(tally.silent, tally.activated - tally.forgiven)};
}

double Rollout::log_weight_of(const Segment& segment) const {
    const auto axes = static_cast<double>(plan_.segments.by.size());
    const auto rank = static_cast<double>(segment.rank);
    return -portable::log(axes * rank * (rank + 1));
}

SegmentEvidence Rollout::segment_evidence(Instant now) const {
    // Those of which devices failed, as they are at `now`: others say nothing.
    std::map<std::uint32_t, Tally> failing;
    for (const std::uint32_t number : segments_.failing()) {
        failing.emplace(number, segments_.at(number));
    }
    for_each_overdue(now, [&](const Exposure& exposure) {
        for (const std::uint32_t segment : segments_.segments_of(exposure.group)) {
            failing.try_emplace(segment, segments_.at(segment)).first->second.pass_deadline();
        }
    });
    SegmentEvidence evidence;
    LogSum crash;
    LogSum silence;
    for (const auto& [number, tally] : failing) {
        const auto [of_crashes, of_silence] = weigh_segment(tally, now);
        const double both = log_e_combined(of_crashes, kNoEvidence, of_silence);
        if (both <= kNoEvidence) continue;
        const double log_weight = log_weight_of(segments_.at(number));
        crash.add(log_weight + of_crashes);
        silence.add(log_weight + of_silence);
        if (evidence.worst && log_weight + both <= evidence.log_e_worst) continue;
        evidence.worst = number;
        evidence.log_e_worst = log_weight + both;
        evidence.worst_failed = tally.crashed + tally.silent;
    }
    evidence.log_e_crash = crash.log_sum();
    evidence.log_e_silence = silence.log_sum();
    return evidence;
}

double Rollout::evidence_of(const Segment& segment, Instant now) const {
    const auto [of_crashes, of_silence] = weigh_segment(segment, now);
    return log_e_combined(of_crashes, kNoEvidence, of_silence) + log_weight_of(segment);
}

double Rollout::crashes_expected(Instant now) const {
    double hours = 0;
    for (const RingState& ring : rings_) hours += ring.at_risk.hours(since_origin(now));
    return hours * plan_.crash_rate_per_hour;
}

Evidence Rollout::evidence(Instant now) const {
    const std::vector<RingState> rings = rings_at(now);
    Evidence evidence = weigh(rings, now);
    evidence.log_e_late =
        late_process_.log_e(std::max(0.0, crashes_expected(now) - late_expected_));
    if (!plan_.segments.by.empty()) {
        evidence.segments = segment_evidence(now);
        evidence.log_e_crash = log_mean_of(evidence.log_e_crash, evidence.segments.log_e_crash);
        evidence.log_e_silence =
            log_mean_of(evidence.log_e_silence, evidence.segments.log_e_silence);
    }
    evidence.log_e_crash = log_mean_of(evidence.log_e_crash, evidence.log_e_late);
    evidence.log_e = log_e_combined(evidence.log_e_crash,
                                    log_mean_of(evidence.log_e_control, evidence.log_e_losses),
                                    evidence.log_e_silence);

    std::set<std::uint32_t> tenants_overdue;
    for_each_overdue(now, [&](const Exposure& exposure) {
        const std::uint32_t tenant = segments_.tenant_of(exposure.group);
        if (!failed_by_tenant_.contains(tenant)) tenants_overdue.insert(tenant);
    });
    evidence.failed_tenants =
        static_cast<std::int64_t>(failed_by_tenant_.size() + tenants_overdue.size());

    std::int64_t failed_in_own_rings = 0;
    std::int64_t lost_in_own_rings = 0;
    for (std::size_t i = 0; i < rings.size(); ++i) {
        if (!plan_.rings[i].vendor_own) continue;
        failed_in_own_rings += rings[i].crashed + rings[i].silent;
        lost_in_own_rings += rings[i].lost;
    }
    const auto tenants_exposed = static_cast<std::int64_t>(segments_.tenants().size());
    const std::int64_t tenants_needed = std::min(plan_.tenants_min, tenants_exposed);
    evidence.tenants_suffice =
        failed_in_own_rings >= plan_.failures_min || evidence.failed_tenants >= tenants_needed;
    evidence.lost_tenants_suffice =
        lost_in_own_rings >= plan_.failures_min || lost_tenants_ >= tenants_needed;
    return evidence;
}

Evidence Rollout::evidence_of(std::string_view ring, Instant now) const {
    for (const RingState& each : rings_at(now)) {
        if (each.name == ring) return weigh({&each, 1}, now);
    }
    check_failed("a ring of the plan", __FILE__, __LINE__);
}

double Rollout::lost_expected(const RingState& ring) const {
    std::int64_t confirmed = 0;
    for (const RingState& each : rings_) confirmed += each.confirmed;
    const auto control = static_cast<double>(control_.devices);
    if (!control_compares(control, static_cast<double>(confirmed))) return ring.lost_like_control;
    const double silent = static_cast<double>(control_.silent) / control;
    return std::min(ring.lost_like_control, silent * static_cast<double>(ring.confirmed));
}

std::optional<Instant> Rollout::control_silent_until() const {
    if (control_silent_now_) return Instant::max();
    if (!control_silent_at_) return std::nullopt;
    return *control_silent_at_ + plan_.silence_deadline;
}

/// W while `front` is the ring open furthest.
std::int64_t Rollout::widest_window(std::string_view front) const {
    std::int64_t widest = 0;
    std::int64_t filled = 0;
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        widest = std::max(widest, rings_[i].open ? rings_[i].window : plan_.rings[i].window_start);
        filled += filling(rings_[i]);
        if (rings_[i].name == front) break;
    }
    // A window that was just halved may still hold what the wider one let in.
    return std::max(widest, filled);
}

std::int64_t Rollout::failures_to_halt(std::string_view ring) const {
    const RingState* state = find_ring(ring);
    FIREBREAK_CHECK(state != nullptr);
    const double by_silence = log_e_to_halt_alone(plan_, EvidencePart::kSilence);
    const double by_crashes = log_e_to_halt_alone(plan_, EvidencePart::kCrash);
    const std::int64_t activated =
        state->activated - state->forgiven - state->unconfirmed + widest_window(ring);
    const double hours = state->at_risk.hours(since_origin(last_event_));
    constexpr std::int64_t kOne = 1;
    const std::int64_t silent = smallest(kOne, activated, [&](std::int64_t failures) {
        return silence_process_.log_e(failures, activated) >= by_silence;
    });
    const std::int64_t crashed = smallest(kOne, activated, [&](std::int64_t failures) {
        return log_e_crash(failures, hours, plan_.crash_rate_per_hour) >= by_crashes;
    });
    return std::max({silent, crashed, plan_.failures_min});
}

std::int64_t Rollout::harm_bound(std::string_view ring) const {
    return widest_window(ring) + failures_to_halt(ring) - 1;
}

std::optional<Instant> Rollout::next_silence(Instant now) const {
    using std::chrono::milliseconds;
    const Instant after = now - plan_.silence_deadline + milliseconds{1};
    auto first = std::ranges::lower_bound(pending_, after, {}, &Awaited::activated);
    while (first != pending_.end() && !waits(*first)) ++first;
    if (first == pending_.end()) return std::nullopt;
    return first->activated + plan_.silence_deadline;
}

}  // namespace firebreak::rollout
