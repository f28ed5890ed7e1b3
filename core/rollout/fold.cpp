// What each event does to the state. An event that does not fit changes nothing. Holds, and what
// people say: fold_people.cpp.

#include "core/rollout/detail/fold.hpp"

#include <algorithm>

#include "core/rollout/cohort.hpp"

namespace firebreak::rollout {

namespace {

/// How often a process that looks for a late beginning places a bet.
constexpr std::chrono::minutes kBetEvery{1};

}  // namespace

void Rollout::apply(const Event& event) {
    if (!origin_) origin_ = last_event_ = event.time;
    last_event_ = std::max(last_event_, event.time);
    const Fold fold{*this, last_event_};
    fold.pass_deadlines();
    fold.bet_on_late_crashes();
    std::visit(fold, event.body);
    fold.forget_resolved();
}

void Rollout::Fold::count(const Exposure& exposure, std::int64_t sign) const {
    const milliseconds began = to.since_origin(exposure.activated);
    const milliseconds resolved = to.since_origin(exposure.resolved);
    to.rings_[exposure.ring].count(exposure, began, resolved, sign);
    to.segments_.count(exposure.group, exposure, began, resolved, sign);
    if (exposure.outcome == DeviceOutcome::kFailed && !exposure.forgiven) {
        const std::uint32_t number = to.segments_.tenant_of(exposure.group);
        const auto tenant = to.failed_by_tenant_.try_emplace(number, 0).first;
        tenant->second += sign;
        if (tenant->second == 0) to.failed_by_tenant_.erase(tenant);
    }
}

void Rollout::Fold::bet_on_late_crashes() const {
    if (!to.first_activation_) return;
    if (to.late_bet_at_ && time - *to.late_bet_at_ < kBetEvery) return;
    late_exposure_passes();
    to.late_process_.restart();
    to.late_bet_at_ = time;
}

void Rollout::Fold::late_exposure_passes() const {
    const double expected = to.crashes_expected(time);
    to.late_process_.pass(std::max(0.0, expected - to.late_expected_));
    to.late_expected_ = expected;
}

void Rollout::Fold::pass_deadlines() const {
    for (; !to.pending_.empty(); forget_resolved()) {
        const Awaited first = to.pending_.front();
        const Instant deadline = first.activated + to.plan_.silence_deadline;
        if (deadline > time) return;
        change(to.exposures_.at(first.place), [deadline](Exposure& exposure) {
            exposure.outcome = DeviceOutcome::kFailed;
            exposure.silent = true;
            exposure.resolved = deadline;
        });
    }
}

/// Leaves one at the front that is pending, so that the same devices pending are the same queue
/// whatever was reported twice.
void Rollout::Fold::forget_resolved() const {
    while (!to.pending_.empty() && !to.waits(to.pending_.front())) to.pending_.pop_front();
}

/// The device at `place` is pending from now on, and was let in before.
void Rollout::Fold::await(Exposures::Place place) const {
    // It may have been let in at this very instant: then it is in the queue already.
    for (auto last = to.pending_.rbegin(); last != to.pending_.rend(); ++last) {
        if (last->activated != time) break;
        if (last->place == place) return;
    }
    to.pending_.push_back({time, place});
}

void Rollout::Fold::operator()(const Activated& event) const {
    const RingState* ring = find_ring(event.ring);
    if (to.phase_ == Phase::kReady || ring == nullptr) return;
    const DeviceKey device = key_of(event.device);
    if (const auto known = to.exposures_.place_of(device)) {
        // One that was forgiven tries again: it takes its place in the window, and has as long as
        // any other to confirm.
        if (!to.exposures_.at(*known).forgiven) return;
        late_exposure_passes();
        change(to.exposures_.at(*known), [this](Exposure& exposure) {
            exposure.activated = time;
            exposure.outcome = DeviceOutcome::kPending;
            exposure.crashed = exposure.silent = exposure.forgiven = false;
        });
        // Its time at risk begins anew: what it had before is passed, and out of the sum.
        to.late_expected_ = to.crashes_expected(time);
        await(*known);
        return;
    }
    Exposure exposure;
    exposure.group = to.segments_.group_of(event.tenant, event.segments);
    exposure.ring = static_cast<std::uint8_t>(ring - to.rings_.data());
    exposure.activated = time;
    count(exposure, +1);
    to.pending_.push_back({time, to.exposures_.add(device, exposure)});
    if (to.first_activation_) return;
    to.first_activation_ = time;
    bet_on_late_crashes();  // From the first on, and not with whatever comes next.
}

void Rollout::Fold::operator()(const Confirmed& event) const {
    const auto known = to.exposures_.place_of(key_of(event.device));
    if (!known) return;
    Exposure& exposure = to.exposures_.at(*known);
    // A device that crashed stays failed, even if it came up again: the crash happened.
    if (exposure.outcome == DeviceOutcome::kConfirmed || exposure.crashed) return;

    const bool late = exposure.silent;
    change(exposure, [this](Exposure& it) {
        it.outcome = DeviceOutcome::kConfirmed;
        it.resolved = time;
        it.silent = false;
        it.forgiven = false;
        it.once_confirmed = true;
    });
    RingState& ring = to.rings_[exposure.ring];
    const bool straggler = ring.whole && exposure.activated > *ring.whole + 2 * to.plan_.poll_every;
    if (!late && !straggler) ring.last_confirmed = time;
}

void Rollout::Fold::fail_device(const std::string& device) const {
    const auto known = to.exposures_.place_of(key_of(device));
    if (!known || to.exposures_.at(*known).crashed) return;
    if (const auto share = share_on_new_content()) to.control_process_.crash_in_new(*share);
    late_exposure_passes();
    to.late_process_.crash();
    change(to.exposures_.at(*known), [this](Exposure& exposure) {
        exposure.outcome = DeviceOutcome::kFailed;
        exposure.resolved = time;
        exposure.crashed = true;
        exposure.silent = false;
        exposure.forgiven = false;
    });
}

/// rho: of the devices that could report a crash just now, the share on the new content. Nothing
/// when
/// one side is empty, because then a crash compares nothing.
std::optional<double> Rollout::Fold::share_on_new_content() const {
    std::int64_t fresh = 0;
    for (const RingState& ring : to.rings_) fresh += ring.confirmed + ring.pending;
    const std::int64_t control =
        to.control_.devices - to.control_.silent - to.control_crashed_most_;
    if (fresh <= 0 || control <= 0) return std::nullopt;
    return static_cast<double>(fresh) / static_cast<double>(fresh + control);
}

void Rollout::Fold::operator()(const ControlSeen& event) const {
    // The count falls when a crashed device leaves the control for the new content; only a rise
    // over
    // the highest yet is news.
    const std::int64_t news = event.crashed - to.control_crashed_most_;
    if (news > 0) {
        if (const auto share = share_on_new_content()) {
            to.control_process_.crash_in_control(*share, news);
        }
        to.control_crashed_most_ = event.crashed;
    }
    to.control_ = event;
    const double silent_most =
        to.plan_.control_silent_share_max * static_cast<double>(event.devices);
    to.control_silent_now_ = event.devices > 0 && static_cast<double>(event.silent) > silent_most;
    if (to.control_silent_now_) to.control_silent_at_ = time;
}

void Rollout::Fold::operator()(const FleetSeen& event) const {
    to.active_by_ring_.clear();
    for (const auto& [ring, devices] : event.active_by_ring) {
        if (devices > 0) to.active_by_ring_.emplace(ring, devices);
    }
}

void Rollout::Fold::operator()(const LossesSeen& event) const {
    if (!to.loss_bet_at_ || time - *to.loss_bet_at_ >= kBetEvery) {
        to.loss_process_.restart();
        to.loss_bet_at_ = time;
    }
    const auto of = [](const LossesSeen::ByRing& counts, const std::string& ring) {
        const auto found = counts.find(ring);
        return found == counts.end() ? 0 : found->second;
    };
    const auto sum = [](const LossesSeen::ByRing& counts) {
        std::int64_t total = 0;
        for (const auto& [ring, count] : counts) total += count;
        return static_cast<double>(total);
    };
    // A control that is all but used up says nothing: then what is lost is what was expected.
    const double control_heard = sum(event.control_heard);
    const bool compares = control_compares(control_heard, sum(event.heard));
    for (RingState& ring : to.rings_) {
        const std::int64_t heard = of(event.heard, ring.name);
        const std::int64_t lost = of(event.lost, ring.name);
        const std::int64_t control = of(event.control_heard, ring.name);
        if (heard > 0 && control > 0) {
            const double rho = static_cast<double>(heard) / static_cast<double>(heard + control);
            to.loss_process_.lose(rho, lost, of(event.control_lost, ring.name));
        }
        ring.lost_like_control +=
            compares ? static_cast<double>(heard) * (sum(event.control_lost) / control_heard)
                     : static_cast<double>(lost);
        ring.lost_forgiven = std::min(ring.lost_forgiven, of(event.silent, ring.name));
        ring.lost = of(event.silent, ring.name) - ring.lost_forgiven;
    }
    to.lost_tenants_ = event.silent_tenants;
}

void Rollout::Fold::operator()(const Started&) const {
    if (to.phase_ == Phase::kReady) to.phase_ = Phase::kRolling;
}

void Rollout::Fold::operator()(const RingOpened& event) const {
    RingState* ring = find_ring(event.ring);
    if (to.phase_ != Phase::kRolling || ring == nullptr || ring->open) return;
    const auto index = static_cast<std::size_t>(ring - to.rings_.data());
    if (!to.approvals(index).are_there()) return;
    for (RingState& earlier : to.rings_) {
        if (&earlier == ring) break;
        if (earlier.open) earlier.baked = true;
    }
    ring->open = true;
    ring->opened = time;
    to.override_asked_.reset();
    // Its first threshold is a Widened of its own, but the state is sound without it too.
    ring->window = to.plan_.rings[index].window_start;
    ring->widened = time;
}

void Rollout::Fold::operator()(const RingSkipped& event) const {
    RingState* ring = find_ring(event.ring);
    if (to.phase_ != Phase::kRolling || ring == nullptr || ring->baked) return;
    const auto index = static_cast<std::size_t>(ring - to.rings_.data());
    if (!ring->open) ring->opened = time;
    ring->open = true;
    ring->baked = true;
    ring->window = std::max(ring->window, to.plan_.rings[index].window_start);
    ring->threshold_ppb = kPpbAll;
    if (!ring->whole) ring->whole = time;
    ring->widened = time;
}

void Rollout::Fold::operator()(const Widened& event) const {
    RingState* ring = find_ring(event.ring);
    if (to.phase_ != Phase::kRolling || ring == nullptr || !ring->open) return;
    const std::int64_t window = std::clamp<std::int64_t>(event.window, 1, kWindowMax);
    // A step that only fills the window leaves the count of its confirmations running.
    if (window != ring->window || ring->once_confirmed - ring->confirmed_before >= window) {
        ring->confirmed_before = ring->once_confirmed;
    }
    ring->window = window;
    ring->threshold_ppb = std::clamp(event.threshold_ppb, ring->threshold_ppb, kPpbAll);
    if (ring->threshold_ppb == kPpbAll && !ring->whole) ring->whole = time;
    ring->widened = time;
    ring->failures_when_widened = ring->crashed + ring->silent;
}

void Rollout::Fold::operator()(const Halted& event) const {
    if (to.phase_ == Phase::kHalted || to.phase_ == Phase::kRetired) return;
    end_hold(Phase::kHalted);
    to.halted_at_ = time;
    to.reason_ = event.reason;
}

void Rollout::Fold::operator()(const Completed&) const {
    if (to.phase_ != Phase::kRolling) return;
    to.phase_ = Phase::kComplete;
    to.completed_ = true;
    for (RingState& ring : to.rings_) ring.baked = ring.open;
}

void Rollout::Fold::operator()(const Superseded&) const {
    if (to.phase_ != Phase::kHalted) end_hold(Phase::kRetired);
}

}  // namespace firebreak::rollout
