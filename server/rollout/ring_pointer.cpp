#include "server/rollout/ring_pointer.hpp"

#include <chrono>

namespace firebreak::server {
namespace {

std::string_view state_of(rollout::Phase phase, const rollout::RingState& ring) {
    switch (phase) {
        case rollout::Phase::kHalted:
        case rollout::Phase::kRetired: return "halted";
        case rollout::Phase::kHeld: return ring.open ? "held" : "closed";
        case rollout::Phase::kReady: return "closed";
        case rollout::Phase::kComplete: return "complete";
        case rollout::Phase::kRolling: break;
    }
    if (!ring.open) return "closed";
    return ring.baked ? "complete" : "rolling";
}

/// Whole seconds, never fewer than asked for: an agent that confirms too early is not believed.
std::int64_t seconds_of(std::chrono::milliseconds duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

trust::RingPointer ring_pointer_of(const rollout::Rollout& rollout, std::string target,
                                   std::int64_t last_known_good) {
    trust::RingPointer pointer;
    pointer.stream = rollout.id().stream;
    pointer.content_path = std::move(target);
    pointer.sha256 = rollout.bundle();
    pointer.counter = rollout.id().counter;
    for (const rollout::RingState& ring : rollout.rings()) {
        pointer.rings[ring.name] = {ring.open ? ring.threshold_ppb : 0,
                                    std::string(state_of(rollout.phase(), ring))};
    }
    if (rollout.phase() == rollout::Phase::kHalted) {
        pointer.recall = trust::Recall{rollout.id().counter, last_known_good};
    }
    pointer.poll_seconds = seconds_of(rollout.plan().poll_every);
    pointer.confirm_seconds = seconds_of(rollout.plan().confirm_after);
    pointer.heartbeat_seconds = seconds_of(rollout.plan().heartbeat_every);
    return pointer;
}

}  // namespace firebreak::server
