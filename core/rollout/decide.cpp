// What a rollout does next. Everything here reads the rollout through its public face and says what
// should happen; the fold makes it so.

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/rollout/cohort.hpp"
#include "core/rollout/portable_math.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::rollout {
namespace {

/// ln 0, nearly: of a part of the evidence that is left out.
constexpr double kNothing = -1e300;
/// E above it halves the window.
const double kLogNarrow = portable::log(10.0);
/// Of the devices that confirmed, the share that may be lost beyond those expected, and the share
/// beyond which waiting does not help.
constexpr double kLostTolerated = 0.02;
constexpr double kLostByFar = 0.1;
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

class Decision {
public:
    Decision(const Rollout& rollout, Instant now);

    std::vector<EventBody> make() const;
    std::optional<Instant> ask_again() const;
    std::vector<Gate> gates() const;

private:
    std::optional<EventBody> stop() const;
    std::vector<EventBody> go_on() const;
    std::vector<EventBody> open_from(std::size_t index) const;
    std::optional<EventBody> stuck() const;
    std::optional<EventBody> adjust() const;

    // Of the ring in front, the one open furthest.
    std::int64_t exposing(std::int64_t devices) const;
    std::int64_t confirmations_needed() const;
    Instant seen_by_all() const;
    Instant baked_at() const;
    bool time_helps() const;
    Instant doubted_until() const;
    bool through() const;
    bool is_baked() const;
    bool is_resolved() const;
    double lost_in_excess() const;
    bool is_heard() const;
    bool is_lost_by_far() const;
    bool promotable() const;

    // What holds it up whatever the evidence says.
    bool is_frozen() const;
    std::vector<Gate> gates_of_people() const;

    std::int64_t total(std::int64_t RingState::*count) const;

    const Rollout& rollout_;
    const Plan& plan_;
    Instant now_;
    std::vector<RingState> rings_;
    const RingState* front_ = nullptr;  ///< None before the first is open.
    std::size_t index_ = 0;             ///< Of front_.
    std::int64_t active_ = 0;           ///< Devices of front_.
    double log_e_ = 0;                  ///< Of front_ alone.
};

Decision::Decision(const Rollout& rollout, Instant now)
    : rollout_(rollout), plan_(rollout.plan()), now_(now), rings_(rollout.rings_at(now)) {
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        if (rings_[i].open) index_ = i;
    }
    if (!rings_[index_].open) return;
    front_ = &rings_[index_];
    active_ = rollout.active(front_->name);
    log_e_ = rollout.evidence_of(front_->name, now).log_e;
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

/// Halt, or hold what would be a halt but for a doubt.
std::optional<EventBody> Decision::stop() const {
    const Evidence evidence = rollout_.evidence(now_);
    const double threshold = -portable::log(plan_.alpha);
    if (evidence.log_e < threshold) return {};
    // Of devices that sleep some are always lost: they count only where their loss is the evidence.
    const double log_control = log_e_two_sample(evidence.log_e_control, kNothing);
    const bool by_losses =
        log_e_combined(evidence.log_e_crash, log_control, evidence.log_e_silence) < threshold;
    const std::int64_t lost = by_losses ? evidence.lost_devices : 0;
    if (evidence.failed_devices + lost < plan_.failures_min) return {};

    std::string what = of_devices(evidence.failed_devices, total(&RingState::activated));
    if (by_losses) what += ", " + std::to_string(lost) + " fell silent after they confirmed";
    what += " (" + e_text(evidence.log_e) + ")";
    // With all silence left out: what the crashes alone say.
    const bool by_silence = log_e_combined(evidence.log_e_crash, log_control, kNothing) < threshold;
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
    const double log_silence = rollout_.evidence_of(front_->name, now_).log_e_silence;
    return log_e_combined(kNothing, kNothing, log_silence) < 0;
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

/// Whether two people can pass over what `kind` waits for: time and numbers, never what is known
/// against the release.
bool can_be_overridden(Gate::Kind kind) {
    using Kind = Gate::Kind;
    return kind == Kind::kBaked || kind == Kind::kResolved || kind == Kind::kConfirmed ||
           kind == Kind::kHours || kind == Kind::kThawed;
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
    return gates;
}

/// How many more of the ring's devices are lost than would be without the release, beyond three
/// standard deviations of a Poisson number; in a ring of ten or more one is nobody's fault.
double Decision::lost_in_excess() const {
    const double expected = rollout_.lost_expected(*front_);
    const double chance = 3 * std::sqrt(expected) + (front_->confirmed >= 10 ? 1 : 0);
    return static_cast<double>(front_->lost) - expected - chance;
}

bool Decision::is_heard() const {
    return lost_in_excess() <= kLostTolerated * static_cast<double>(front_->confirmed);
}

/// Whether so many are lost that waiting for them helps nobody.
bool Decision::is_lost_by_far() const {
    return front_->lost >= plan_.failures_min &&
           lost_in_excess() > kLostByFar * static_cast<double>(front_->confirmed);
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
    if (failed == 0) return {};
    if (front_->activated >= active_ && front_->confirmed < confirmations_needed()) {
        return Held{ring + std::to_string(front_->confirmed) + " of " +
                    std::to_string(confirmations_needed()) +
                    " confirmations needed, and no device is left to give one; look at those that "
                    "failed, then resume or halt"};
    }
    if (log_e_ < 0 || (time_helps() && now_ < doubted_until())) return {};
    return Held{ring + of_devices(failed, front_->activated) + " (" + e_text(log_e_) +
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

}  // namespace

std::vector<Event> Rollout::decide(Instant now) const {
    const Instant time = std::max(now, last_event_);
    std::vector<Event> events;
    for (EventBody& body : Decision(*this, time).make()) {
        events.push_back({time, std::move(body)});
    }
    return events;
}

std::vector<Gate> Rollout::gates(Instant now) const {
    if (phase_ != Phase::kRolling && phase_ != Phase::kHeld) return {};
    return Decision(*this, std::max(now, last_event_)).gates();
}

std::optional<Instant> Rollout::next_deadline(Instant now) const {
    return Decision(*this, std::max(now, last_event_)).ask_again();
}

}  // namespace firebreak::rollout
