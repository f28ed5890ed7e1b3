#include "core/rollout/rollout.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/rollout/cohort.hpp"

namespace firebreak::rollout {
namespace {

bool approves(const Ring& ring, std::string_view person) {
    return ring.approvers.empty() ||
           std::ranges::find(ring.approvers, person) != ring.approvers.end();
}

}  // namespace

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::kReady: return "ready";
        case Phase::kRolling: return "rolling";
        case Phase::kHeld: return "held";
        case Phase::kHalted: return "halted";
        case Phase::kComplete: return "complete";
        case Phase::kRetired: return "retired";
    }
    check_failed("a phase", __FILE__, __LINE__);
}

std::string_view name_of(Gate::Kind kind) {
    switch (kind) {
        case Gate::Kind::kExposed: return "exposed";
        case Gate::Kind::kBaked: return "baked";
        case Gate::Kind::kResolved: return "resolved";
        case Gate::Kind::kConfirmed: return "confirmed";
        case Gate::Kind::kHours: return "hours";
        case Gate::Kind::kEvidence: return "evidence";
        case Gate::Kind::kHeard: return "heard";
        case Gate::Kind::kRepresented: return "represented";
        case Gate::Kind::kApproved: return "approved";
        case Gate::Kind::kThawed: return "thawed";
    }
    check_failed("a gate", __FILE__, __LINE__);
}

Rollout::Rollout(RolloutId id, Sha256 bundle, Plan plan)
    : id_(std::move(id)),
      bundle_(bundle),
      plan_(std::move(plan)),
      segments_(plan_.segments.by.size()),
      silence_process_(plan_.silence_q0) {
    FIREBREAK_CHECK(!plan_.rings.empty());
    rings_.reserve(plan_.rings.size());
    for (const Ring& ring : plan_.rings) {
        RingState state;
        state.name = ring.name;
        rings_.push_back(std::move(state));
    }
}

std::string name_of(const Segment& segment, const Plan& plan) {
    return text_of({plan.segments.by.at(segment.axis), segment.value});
}

const RingState* Rollout::find_ring(std::string_view name) const {
    const auto found = std::find_if(rings_.begin(), rings_.end(),
                                    [name](const RingState& ring) { return ring.name == name; });
    return found == rings_.end() ? nullptr : &*found;
}

milliseconds Rollout::since_origin(Instant time) const {
    constexpr milliseconds kMost = std::chrono::days{3652};
    return origin_ ? std::clamp(time - *origin_, milliseconds{0}, kMost) : milliseconds{0};
}

std::int64_t Rollout::active(std::string_view ring) const {
    const auto known = active_by_ring_.find(ring);
    const RingState* state = find_ring(ring);
    return std::max(known == active_by_ring_.end() ? 0 : known->second,
                    state == nullptr ? 0 : state->activated);
}

std::int64_t Rollout::unconfirmed(std::string_view ring) const {
    const RingState* state = find_ring(ring);
    return state == nullptr ? 0 : state->unconfirmed;
}

std::int64_t Rollout::window_cap(std::size_t ring) const {
    const Ring& planned = plan_.rings[ring];
    const double share = planned.window_max_share * static_cast<double>(active(planned.name));
    return std::min(kWindowMax, std::max(planned.window_max, static_cast<std::int64_t>(share)));
}

std::int64_t Rollout::room(std::string_view ring) const {
    const RingState* state = find_ring(ring);
    if (state == nullptr || !state->open) return 0;
    // Stragglers of an earlier ring share the widest window with the ring that is rolling, so that
    // W
    // bounds the rollout and not only each ring.
    std::int64_t widest = 0;
    std::int64_t filled = 0;
    for (const RingState& each : rings_) {
        if (each.open) widest = std::max(widest, each.window);
        filled += filling(each);
    }
    return std::max<std::int64_t>(0, std::min(state->window - filling(*state), widest - filled));
}

std::optional<Instant> Rollout::frozen_until(Instant now) const {
    if (!freeze_ || now < freeze_->from || now >= freeze_->until) return std::nullopt;
    return freeze_->until;
}

std::optional<std::size_t> Rollout::next_ring() const {
    std::size_t next = rings_.size();
    while (next > 0 && !rings_[next - 1].open) --next;
    for (; next < rings_.size(); ++next) {
        if (active(rings_[next].name) > 0) return next;
    }
    return std::nullopt;
}

std::optional<std::size_t> Rollout::ring_to_approve() const {
    if (const auto next = next_ring()) return next;
    if (rings_.back().open) return std::nullopt;
    return rings_.size() - 1;
}

Rollout::Approvals Rollout::approvals(std::size_t index) const {
    const auto of = [&](const Ring& ring) {
        const auto& people = rings_[index].approved_by;
        return Approvals{
            std::ranges::count_if(
                people, [&ring](const std::string& person) { return approves(ring, person); }),
            ring.approvals};
    };
    for (std::size_t i = index; i-- > 0 && !rings_[i].open;) {
        if (const Approvals skipped = of(plan_.rings[i]); !skipped.are_there()) return skipped;
    }
    return of(plan_.rings[index]);
}

bool Rollout::counts(std::string_view person, std::size_t index) const {
    if (plan_.rings[index].approvals > 0 && approves(plan_.rings[index], person)) return true;
    for (std::size_t i = index; i-- > 0 && !rings_[i].open;) {
        if (plan_.rings[i].approvals > 0 && approves(plan_.rings[i], person)) return true;
    }
    return false;
}

const OverrideAsked* Rollout::override_asked(Instant now) const {
    const bool in_time = override_asked_ && now - override_asked_at_ <= kOverrideAskedFor;
    return in_time ? &*override_asked_ : nullptr;
}

const ResumeAsked* Rollout::resume_asked(Instant now) const {
    const bool in_time = resume_asked_ && now - resume_asked_at_ <= kOverrideAskedFor;
    return in_time ? &*resume_asked_ : nullptr;
}

bool Rollout::has_room(const Activated& asked) const {
    const auto full = [this](const Segment& segment) {
        return filling(segment) >= window_of(segment);
    };
    if (const auto group = segments_.find_group(asked.tenant, asked.segments)) {
        return std::ranges::none_of(segments_.segments_of(*group), [&](std::uint32_t number) {
            return full(segments_.at(number));
        });
    }
    for (std::size_t axis = 0; axis < asked.segments.size(); ++axis) {
        const Segment* segment = segments_.find(axis, asked.segments[axis]);
        if (segment != nullptr && full(*segment)) return false;
    }
    return true;
}

bool Rollout::may_activate(const Activated& asked) const {
    if (phase_ != Phase::kRolling && phase_ != Phase::kComplete) return false;
    const Exposure* known = exposures_.find(asked.device);
    if (known != nullptr && !known->forgiven) return true;
    const RingState* state = find_ring(asked.ring);
    return state != nullptr && bucket(bundle_, asked.device) < state->threshold_ppb &&
           room(asked.ring) > 0 && has_room(asked);
}

}  // namespace firebreak::rollout
