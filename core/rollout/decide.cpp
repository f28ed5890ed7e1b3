// What a rollout does next. Everything here reads the rollout through its public face and says what
// should happen; the fold makes it so.

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/rollout/cohort.hpp"
#include "core/rollout/detail/decision.hpp"
#include "core/rollout/portable_math.hpp"

namespace firebreak::rollout {
namespace detail {
namespace {

/// E above it halves the window.
const double kLogNarrow = portable::log(10.0);
/// How often to look again while only the exposure's growth can bring E back under 1.
constexpr std::chrono::minutes kLookAgain{1};

/// ceil(devices / active) in parts per billion.
std::int64_t ppb_of(std::int64_t devices, std::int64_t active) {
    if (devices >= active) return kPpbAll;
    return (devices * kPpbAll + active - 1) / active;
}

std::string e_text(double log_e) {
    std::string text(32, '\0');
    const int length =
        std::snprintf(text.data(), text.size(), "E = 10^%.1f", log_e / portable::log(10.0));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::string of_devices(std::int64_t failed, std::int64_t activated) {
    return std::to_string(failed) + " of " + std::to_string(activated) + " devices failed";
}

}  // namespace

Decision::Decision(const Rollout& rollout, Instant now)
    : rollout_(rollout), plan_(rollout.plan()), now_(now), rings_(rollout.rings_at(now)) {
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        if (rings_[i].open) index_ = i;
    }
    if (!rings_[index_].open) return;
    front_ = &rings_[index_];
    active_ = rollout.active(front_->name);
    if (!plan_.segments.by.empty()) segments_ = rollout.segment_evidence(now);
    log_e_ = std::max(rollout.evidence_of(front_->name, now).log_e, segments_.log_e());
}

std::vector<EventBody> Decision::make() const {
    const Phase phase = rollout_.phase();
    if (phase == Phase::kReady || phase == Phase::kHalted || phase == Phase::kRetired) return {};
    if (auto body = stop()) {
        // What is held already is not held again.
        if (phase == Phase::kHeld && std::holds_alternative<Held>(*body)) return {};
        return {std::move(*body)};
    }
    return phase == Phase::kRolling ? go_on() : std::vector<EventBody>{};
}

/// Where they failed, if that is what says most.
std::string Decision::in_segment(const SegmentEvidence& evidence) const {
    if (!evidence.worst || evidence.log_e_worst < 0) return {};
    const Segment& segment = rollout_.segments().at(*evidence.worst);
    if (segment.activated >= total(&RingState::activated)) return {};
    return ", " + std::to_string(evidence.worst_failed) + " of " +
           std::to_string(segment.activated) + " of " + name_of(segment, plan_);
}

/// Halt, or hold what would be a halt but for a doubt.
std::optional<EventBody> Decision::stop() const {
    const Evidence evidence = rollout_.evidence(now_);
    const double threshold = -portable::log(plan_.alpha);
    if (evidence.log_e < threshold) return {};
    // Of devices that sleep some are always lost: they count only where their loss is the evidence.
    const double log_control = log_mean_of(evidence.log_e_control, kNoEvidence);
    const bool by_losses =
        log_e_combined(evidence.log_e_crash, log_control, evidence.log_e_silence) < threshold;
    const std::int64_t lost = by_losses ? evidence.lost_devices : 0;
    if (evidence.failed_devices + lost < plan_.failures_min) return {};

    std::string what = of_devices(evidence.failed_devices, total(&RingState::activated));
    if (by_losses) what += ", " + std::to_string(lost) + " fell silent after they confirmed";
    what += in_segment(evidence.segments) + " (" + e_text(evidence.log_e) + ")";
    // With all silence left out: what the crashes alone say.
    const bool by_silence =
        log_e_combined(evidence.log_e_crash, log_control, kNoEvidence) < threshold;
    if (by_silence && now_ < rollout_.control_silent_until().value_or(now_)) {
        return Held{what +
                    ", but the devices without the bundle are silent too: the network or this "
                    "server may be what failed; look, then resume or halt"};
    }
    if (!evidence.tenants_suffice && !(by_losses && evidence.lost_tenants_suffice)) {
        return Held{what +
                    ", all of too few tenants to blame the bundle: look there, then resume or "
                    "halt"};
    }
    return Halted{.reason = what,
                  .log_e_micros = static_cast<std::int64_t>(std::llround(evidence.log_e * 1e6))};
}

std::vector<EventBody> Decision::go_on() const {
    if (front_ == nullptr) return open_from(0);
    if (active_ == 0) return open_from(index_);
    if (promotable()) return open_from(index_ + 1);
    if (auto held = stuck()) return {std::move(*held)};
    if (auto widened = adjust()) return {std::move(*widened)};
    return {};
}

/// Opens ring `index`, or the first after it that has devices, or completes.
std::vector<EventBody> Decision::open_from(std::size_t index) const {
    const bool nobody = std::all_of(rings_.begin(), rings_.end(), [this](const RingState& ring) {
        return rollout_.active(ring.name) == 0;
    });
    if (nobody) return {};
    std::vector<EventBody> events;
    for (; index < rings_.size(); ++index) {
        const std::string& name = rings_[index].name;
        const std::int64_t active = rollout_.active(name);
        if (active == 0) {
            events.emplace_back(RingSkipped{name});
            continue;
        }
        if (is_frozen() || !rollout_.approvals(index).are_there()) return {};
        const std::int64_t window = plan_.rings[index].window_start;
        events.emplace_back(RingOpened{name});
        events.emplace_back(Widened{name, window, ppb_of(window, active)});
        return events;
    }
    // Skipped rings are open from then on to whoever appears in them.
    const auto tail = rollout_.ring_to_approve();
    if (tail && (is_frozen() || !rollout_.approvals(*tail).are_there())) return {};
    events.emplace_back(Completed{});
    return events;
}

std::int64_t Decision::total(std::int64_t RingState::*count) const {
    std::int64_t sum = 0;
    for (const RingState& ring : rings_) sum += ring.*count;
    return sum;
}

/// A hold when nothing but a person can get the rollout going again.
std::optional<EventBody> Decision::stuck() const {
    const std::string ring = "ring " + front_->name + ": ";
    const std::int64_t failed = front_->crashed + front_->silent;
    if (total(&RingState::pending) == 0 && rollout_.room(front_->name) == 0) {
        return Held{ring + "the window of " + std::to_string(front_->window) +
                    " is full of devices that failed; look at them, then resume or halt"};
    }
    if (!through()) return {};
    if (is_lost_by_far() || (!is_heard() && now_ >= doubted_until())) {
        return Held{
            ring + std::to_string(front_->lost) + " of " + std::to_string(front_->confirmed) +
            " devices fell silent after they confirmed, more than without the release; look "
            "at them, then resume or halt"};
    }
    const bool lacks_some = front_->confirmed < confirmations_needed() || !is_represented();
    if (const Segment* full = full_segment(); full != nullptr && lacks_some) {
        return Held{ring + "the window of " + name_of(*full, plan_) +
                    " is full of devices that failed; look at them, then resume or halt"};
    }
    if (failed == 0 && segments_.log_e() < 0 && is_represented()) return {};
    if (front_->activated >= active_ && front_->confirmed < confirmations_needed()) {
        return Held{ring + std::to_string(front_->confirmed) + " of " +
                    std::to_string(confirmations_needed()) +
                    " confirmations needed, and no device is left to give one; look at those that "
                    "failed, then resume or halt"};
    }
    if (front_->activated >= active_ && !is_represented()) {
        return Held{ring + "no device is left to confirm for " + unrepresented().front() +
                    ", which the plan wants to see confirm first; have such devices in this ring, "
                    "then resume or halt"};
    }
    if (log_e_ < 0 || (time_helps() && now_ < doubted_until())) return {};
    return Held{ring + of_devices(failed, front_->activated) + in_segment(segments_) + " (" +
                e_text(log_e_) +
                "), too many for the next ring; look at them, then resume or halt"};
}

/// How many devices to expose so that about `devices` come: some of the exposed are asleep, as many
/// as were so far. At most four times as many; who comes too many is told to wait.
std::int64_t Decision::exposing(std::int64_t devices) const {
    constexpr std::int64_t kTimesMax = 4;
    const auto exposed = static_cast<std::int64_t>(static_cast<double>(front_->threshold_ppb) /
                                                   kPpbAll * static_cast<double>(active_));
    if (front_->activated == 0 || exposed <= front_->activated) return devices;
    return std::min(kTimesMax * devices, devices * exposed / front_->activated);
}

/// The next step of window and threshold, when there is reason for one.
std::optional<EventBody> Decision::adjust() const {
    const Ring& ring = plan_.rings[index_];
    if (log_e_ > kLogNarrow && front_->crashed + front_->silent > front_->failures_when_widened) {
        const std::int64_t narrow = std::max(
            {front_->window / 2, ring.window_start, rollout_.failures_to_halt(front_->name)});
        if (narrow < front_->window) return Widened{ring.name, narrow, front_->threshold_ppb};
    }

    if (is_frozen()) return {};

    const std::int64_t confirmed = front_->once_confirmed - front_->confirmed_before;
    const bool wave_done = confirmed >= front_->window;
    const bool unfilled = now_ >= seen_by_all() && rollout_.room(front_->name) > 0;
    std::int64_t window = front_->window;
    const std::int64_t cap = rollout_.window_cap(index_);
    if (log_e_ < 0 && window < cap && (wave_done || front_->pending == 0)) {
        window = std::min(cap, window + std::min(window, confirmed));
    }
    if (front_->threshold_ppb < kPpbAll && (wave_done || unfilled)) {
        const std::int64_t stepped = front_->threshold_ppb + ppb_of(exposing(window), active_);
        const std::int64_t enough = ppb_of(front_->activated + window, active_);
        return Widened{ring.name, window, std::min(kPpbAll, std::max(stepped, enough))};
    }
    if (wave_done && window > front_->window && front_->activated < active_) {
        return Widened{ring.name, window, front_->threshold_ppb};
    }
    return {};
}

std::optional<Instant> Decision::ask_again() const {
    const Phase phase = rollout_.phase();
    if (phase == Phase::kReady || phase == Phase::kHalted || phase == Phase::kRetired) return {};
    std::optional<Instant> earliest = rollout_.next_silence(now_);
    const auto consider = [&](Instant time) {
        if (time > now_ && (!earliest || time < *earliest)) earliest = time;
    };
    const auto silent_until = rollout_.control_silent_until();
    if (silent_until && *silent_until != Instant::max()) consider(*silent_until);
    if (rollout_.freeze()) consider(rollout_.freeze()->until);
    if (phase != Phase::kRolling || front_ == nullptr) return earliest;

    if (front_->threshold_ppb < kPpbAll) consider(seen_by_all());
    if (front_->whole) {
        consider(baked_at());
        consider(baked_at() + plan_.silence_deadline);
        consider(doubted_until());
        // Exposure grows, and E falls, without an event.
        if (now_ >= baked_at()) consider(now_ + kLookAgain);
    }
    return earliest;
}

}  // namespace detail

std::vector<Event> Rollout::decide(Instant now) const {
    const Instant time = std::max(now, last_event_);
    std::vector<Event> events;
    for (EventBody& body : detail::Decision(*this, time).make()) {
        if (auto* held = std::get_if<Held>(&body)) held->by = HeldBy::kController;
        events.push_back({time, std::move(body)});
    }
    return events;
}

std::vector<Gate> Rollout::gates(Instant now) const {
    if (phase_ != Phase::kRolling && phase_ != Phase::kHeld) return {};
    return detail::Decision(*this, std::max(now, last_event_)).gates();
}

std::optional<Instant> Rollout::next_deadline(Instant now) const {
    return detail::Decision(*this, std::max(now, last_event_)).ask_again();
}

}  // namespace firebreak::rollout
