// What holds and people do to the state. The rules of who may say what together with whom are kept
// here, and not only where people say it: a log that breaks them folds as if it had not been said.

#include <algorithm>
#include <utility>

#include "core/rollout/detail/fold.hpp"

namespace firebreak::rollout {

void Rollout::Fold::operator()(const Held& event) const {
    to.resume_asked_.reset();
    if (to.phase_ != Phase::kRolling && to.phase_ != Phase::kComplete) return;
    to.phase_ = Phase::kHeld;
    to.held_by_ = event.by;
    to.reason_ = event.reason;
    // Whatever people said, they said it before they knew of this.
    to.override_asked_.reset();
    for (RingState& ring : to.rings_) {
        ring.overridden = false;
        if (!ring.open) ring.approved_by.clear();
    }
}

void Rollout::Fold::operator()(const Resumed&) const {
    if (to.phase_ != Phase::kHeld || to.held_by_ == HeldBy::kController) return;
    if (to.held_by_ == HeldBy::kUnsaid) forgive();
    go_on();
}

void Rollout::Fold::operator()(const ResumeAsked& event) const {
    if (to.phase_ != Phase::kHeld || to.held_by_ != HeldBy::kController) return;
    // What somebody is about to grant must not become another's request under his hands.
    if (to.resume_asked(time) != nullptr) return;
    to.resume_asked_ = event;
    to.resume_asked_at_ = time;
}

void Rollout::Fold::operator()(const ResumeGranted& event) const {
    const ResumeAsked* asked = to.resume_asked(time);
    if (asked == nullptr || asked->person != event.asked_by) return;
    if (asked->person == event.person) return;
    forgive();
    go_on();
}

void Rollout::Fold::end_hold(Phase next) const {
    to.phase_ = next;
    to.held_by_ = HeldBy::kUnsaid;
    to.resume_asked_.reset();
}

/// To where it was held.
void Rollout::Fold::go_on() const {
    end_hold(to.completed_ ? Phase::kComplete : Phase::kRolling);
    to.reason_.clear();
}

/// The failures so far leave window and evidence.
void Rollout::Fold::forgive() const {
    for (Exposures::Place place = 0; place < to.exposures_.size(); ++place) {
        Exposure& exposure = to.exposures_.at(place);
        if (exposure.outcome != DeviceOutcome::kFailed || exposure.forgiven) continue;
        change(exposure, [](Exposure& it) { it.forgiven = true; });
    }
    for (RingState& ring : to.rings_) {
        ring.failures_when_widened = 0;
        ring.lost_forgiven += std::exchange(ring.lost, 0);
    }
    to.control_process_ = {};
    late_exposure_passes();
    to.late_process_ = {};
    to.late_bet_at_.reset();
    to.loss_process_ = {};
    to.loss_bet_at_.reset();
}

void Rollout::Fold::operator()(const Approved& event) const {
    RingState* ring = find_ring(event.ring);
    if (ring == nullptr || ring->open || ring->approved_by.size() >= kApproversMax) return;
    const bool known =
        std::ranges::find(ring->approved_by, event.person) != ring->approved_by.end();
    if (!known) ring->approved_by.push_back(event.person);
}

void Rollout::Fold::operator()(const OverrideAsked& event) const {
    const RingState* ring = find_ring(event.ring);
    if (to.phase_ != Phase::kRolling || ring == nullptr || !ring->open || !to.next_ring()) return;
    to.override_asked_ = event;
    to.override_asked_at_ = time;
}

void Rollout::Fold::operator()(const OverrideGranted& event) const {
    const OverrideAsked* asked = to.override_asked(time);
    if (to.phase_ != Phase::kRolling || asked == nullptr) return;
    if (asked->ring != event.ring || asked->person == event.person) return;
    find_ring(event.ring)->overridden = true;
    to.override_asked_.reset();
}

}  // namespace firebreak::rollout
