#include "core/rollout/rollout.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/rollout/cohort.hpp"

namespace firebreak::rollout {

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
    }
    check_failed("a gate", __FILE__, __LINE__);
}

Rollout::Rollout(RolloutId id, Sha256 bundle, Plan plan)
    : id_(std::move(id)), bundle_(bundle), plan_(std::move(plan)) {
    FIREBREAK_CHECK(!plan_.rings.empty());
    rings_.reserve(plan_.rings.size());
    for (const Ring& ring : plan_.rings) {
        RingState state;
        state.name = ring.name;
        rings_.push_back(std::move(state));
    }
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

std::int64_t Rollout::filling(const RingState& ring) const {
    const auto expected =
        static_cast<std::int64_t>(plan_.silence_q0 * static_cast<double>(ring.once_confirmed));
    return ring.unconfirmed - std::min(ring.silent, expected);
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

bool Rollout::may_activate(std::string_view device, std::string_view ring) const {
    if (phase_ != Phase::kRolling && phase_ != Phase::kComplete) return false;
    const Exposure* known = exposures_.find(device);
    if (known != nullptr && !known->forgiven) return true;
    const RingState* state = find_ring(ring);
    return state != nullptr && bucket(bundle_, device) < state->threshold_ppb && room(ring) > 0;
}

}  // namespace firebreak::rollout
