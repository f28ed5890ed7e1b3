// What the ring that is open furthest waits for.

#include <algorithm>
#include <cmath>

#include "core/rollout/cohort.hpp"
#include "core/rollout/detail/decision.hpp"

namespace firebreak::rollout::detail {
namespace {

/// Of the devices that confirmed, the share that may be lost beyond those expected, and the share
/// beyond which waiting does not help.
constexpr double kLostTolerated = 0.02;
constexpr double kLostByFar = 0.1;

/// Whether two people can pass over what `kind` waits for: time and numbers, never what is known
/// against the release.
bool can_be_overridden(Gate::Kind kind) {
    using Kind = Gate::Kind;
    return kind == Kind::kBaked || kind == Kind::kResolved || kind == Kind::kConfirmed ||
           kind == Kind::kHours || kind == Kind::kRepresented || kind == Kind::kThawed;
}

}  // namespace

/// Of a ring that has fewer devices than confirmed_min: all but those that the tolerance expects to
/// fall silent, and as many more as chance does, three standard deviations of a Poisson number.
/// Whether so many are too many the evidence says.
std::int64_t Decision::confirmations_needed() const {
    const double expected = plan_.silence_q0 * static_cast<double>(active_);
    const double tolerated = expected + 3 * std::sqrt(expected);
    return std::min(plan_.rings[index_].confirmed_min,
                    active_ - front_->forgiven - static_cast<std::int64_t>(tolerated));
}

/// When every device that is awake has seen the last step of the threshold: two polls, because a
/// poll
/// is jittered and one may fail.
Instant Decision::seen_by_all() const {
    return front_->widened.value_or(now_) + 2 * plan_.poll_every;
}

Instant Decision::baked_at() const {
    const Instant whole = front_->whole.value_or(now_);
    const Instant last = std::max(whole, front_->last_confirmed.value_or(whole));
    const Instant baked = last + plan_.rings[index_].bake_floor;
    if (front_->confirmed >= active_) return baked;
    return std::max(baked, whole + 2 * plan_.poll_every);
}

/// Whether E comes under 1 by itself as long as nothing else crashes. Silence stays as it is.
bool Decision::time_helps() const {
    const double log_silence =
        std::max(rollout_.evidence_of(front_->name, now_).log_e_silence, segments_.log_e_silence);
    return log_e_combined(kNoEvidence, kNoEvidence, log_silence) < 0;
}

/// Until when a ring with E >= 1 may still come under it.
Instant Decision::doubted_until() const {
    return baked_at() + kDoubtFloors * plan_.rings[index_].bake_floor;
}

/// The ring has had its time: the threshold takes in all of it, whoever came is resolved, baked.
bool Decision::through() const {
    return is_baked() && is_resolved();
}

bool Decision::is_baked() const {
    return front_->whole && now_ >= baked_at();
}

/// Or nobody waits for the rest any longer.
bool Decision::is_resolved() const {
    return front_->pending == 0 || (front_->whole && now_ >= baked_at() + plan_.silence_deadline);
}

bool Decision::promotable() const {
    const bool overridden = front_->overridden && rollout_.next_ring();
    const auto passed = [overridden](const Gate& gate) {
        return gate.open || (overridden && can_be_overridden(gate.kind));
    };
    return front_->whole && std::ranges::all_of(gates(), passed);
}

bool Decision::is_frozen() const {
    const bool overridden = front_ != nullptr && front_->overridden;
    return rollout_.frozen_until(now_) && !overridden;
}

std::vector<Gate> Decision::gates_of_people() const {
    std::vector<Gate> gates;
    const std::optional<std::size_t> ring = rollout_.ring_to_approve();
    const Rollout::Approvals approvals = ring ? rollout_.approvals(*ring) : Rollout::Approvals{};
    if (approvals.need > 0) {
        gates.push_back({.kind = Gate::Kind::kApproved,
                         .open = approvals.are_there(),
                         .have = static_cast<double>(approvals.have),
                         .need = static_cast<double>(approvals.need)});
    }
    if (!plan_.freezes.empty() || rollout_.freeze()) {
        gates.push_back({.kind = Gate::Kind::kThawed,
                         .open = !is_frozen(),
                         .opens_at = rollout_.frozen_until(now_)});
    }
    return gates;
}

std::vector<Gate> Decision::gates() const {
    std::vector<Gate> gates = gates_of_people();
    if (front_ == nullptr) return gates;
    using Kind = Gate::Kind;
    const RingState& ring = *front_;
    const auto gate = [](Kind kind, bool open, double have, double need) {
        return Gate{.kind = kind, .open = open, .have = have, .need = need};
    };
    const auto count = [](std::int64_t number) { return static_cast<double>(number); };

    const std::size_t of_people = gates.size();
    gates.push_back(
        gate(Kind::kExposed, ring.whole.has_value(), count(ring.threshold_ppb), count(kPpbAll)));
    gates.push_back(gate(Kind::kBaked, is_baked(), 0, 0));
    gates.push_back(gate(Kind::kResolved, is_resolved(), count(ring.pending), 0));
    if (ring.whole) {
        gates[of_people + 1].opens_at = baked_at();
        gates[of_people + 2].opens_at = baked_at() + plan_.silence_deadline;
    }
    const std::int64_t needed = confirmations_needed();
    gates.push_back(
        gate(Kind::kConfirmed, ring.confirmed >= needed, count(ring.confirmed), count(needed)));
    const double hours = rollout_.clean_hours(ring, now_);
    const double hours_needed = plan_.rings[index_].exposure_hours_min;
    gates.push_back(gate(Kind::kHours, hours >= hours_needed, hours, hours_needed));
    gates.push_back(gate(Kind::kEvidence, log_e_ < 0, log_e_, 0));
    const double excess_most = kLostTolerated * count(ring.confirmed);
    gates.push_back(gate(Kind::kHeard, is_heard(), count(ring.lost),
                         count(ring.lost) - lost_in_excess() + excess_most));
    if (const auto wanted = std::ssize(plan_.rings[index_].segments); wanted > 0) {
        const auto missing = std::ssize(unrepresented());
        gates.push_back(
            gate(Kind::kRepresented, missing == 0, count(wanted - missing), count(wanted)));
    }
    return gates;
}

/// How many more of the ring's devices are lost than would be without the release, beyond three
/// standard deviations of a Poisson number; in a ring of ten or more one is nobody's fault.
double Decision::lost_in_excess() const {
    const double expected = rollout_.lost_expected(*front_);
    const double chance = 3 * std::sqrt(expected) + (front_->confirmed >= 10 ? 1 : 0);
    return static_cast<double>(front_->lost) - expected - chance;
}

/// Of the segments that the ring must have seen confirm, those of which too few did: as many must
/// as it takes to halt.
std::vector<std::string> Decision::unrepresented() const {
    std::vector<std::string> missing;
    for (const SegmentName& wanted : plan_.rings[index_].segments) {
        const auto axis = std::ranges::find(plan_.segments.by, wanted.axis);
        const auto index = static_cast<std::size_t>(axis - plan_.segments.by.begin());
        const Segment* segment = rollout_.segments().find(index, wanted.value);
        if (segment == nullptr || segment->confirmed < plan_.failures_min) {
            missing.push_back(text_of(wanted));
        }
    }
    return missing;
}

/// One whose window nothing can empty but a person; nullptr when there is none.
const Segment* Decision::full_segment() const {
    if (total(&RingState::pending) > 0) return nullptr;
    for (const Segment& segment : rollout_.segments().all()) {
        if (rollout_.filling(segment) >= rollout_.window_of(segment)) return &segment;
    }
    return nullptr;
}

bool Decision::is_represented() const {
    return unrepresented().empty();
}

bool Decision::is_heard() const {
    return lost_in_excess() <= kLostTolerated * static_cast<double>(front_->confirmed);
}

/// Whether so many are lost that waiting for them helps nobody.
bool Decision::is_lost_by_far() const {
    return front_->lost >= plan_.failures_min &&
           lost_in_excess() > kLostByFar * static_cast<double>(front_->confirmed);
}

}  // namespace firebreak::rollout::detail
