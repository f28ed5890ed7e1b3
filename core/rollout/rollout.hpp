#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/rollout/eprocess.hpp"
#include "core/rollout/event.hpp"
#include "core/rollout/exposures.hpp"
#include "core/rollout/plan.hpp"
#include "core/rollout/segments.hpp"

namespace firebreak::rollout {

/// How many bake floors a ring with E >= 1 is given before a person is called.
inline constexpr int kDoubtFloors = 12;

/// How long a second person has to grant an override, or to go on with what the controller held.
inline constexpr std::chrono::hours kOverrideAskedFor{1};

enum class Phase { kReady, kRolling, kHeld, kHalted, kComplete, kRetired };

/// What a ring waits for before the next one opens. All must be open at once.
struct Gate {
    enum class Kind {
        kExposed,      ///< Threshold in ppb; needs all.
        kBaked,        ///< Opens by time alone.
        kResolved,     ///< Devices still pending; needs none. Opens by time at the latest.
        kConfirmed,    ///< Devices.
        kHours,        ///< Device-hours of those confirmed.
        kEvidence,     ///< ln E of the ring; needs less than 0.
        kHeard,        ///< Devices lost after they confirmed; needs no more than that.
        kRepresented,  ///< Segments that must have confirmed first; there only where it names them.
        kApproved,     ///< People who approved the next ring; there only where it asks for them.
        kThawed,       ///< No freeze of the plan's calendar is on; opens by time alone.
    };
    Kind kind = Kind::kExposed;
    bool open = false;
    double have = 0;
    double need = 0;
    std::optional<Instant> opens_at{};  ///< By itself, as far as is known now.
};

std::string_view name_of(Gate::Kind kind);

/// Identity of a rollout: one counter of one stream.
struct RolloutId {
    std::string stream;
    std::int64_t counter = 0;
    friend auto operator<=>(const RolloutId&, const RolloutId&) = default;
};

struct RingState : Tally {
    std::string name;
    bool open = false;
    bool baked = false;
    std::int64_t window = 0;  ///< W now.
    std::int64_t threshold_ppb = 0;
    std::optional<Instant> opened;
    /// Of a device that came with the waves: one activated later than two polls after the threshold
    /// took in the whole ring is a straggler, and a late HEALTHY is late; neither restarts the
    /// bake.
    std::optional<Instant> last_confirmed;

    // What the evidence and the decisions are made from.
    std::int64_t lost = 0;  ///< Run it and were heard of, and are silent now; not those forgiven.
    double lost_like_control = 0;            ///< Had they been lost as those of the control were.
    std::int64_t lost_forgiven = 0;          ///< As many as were lost when people went on.
    std::optional<Instant> widened;          ///< Last change of window or threshold.
    std::optional<Instant> whole;            ///< When the threshold reached kPpbAll.
    std::int64_t confirmed_before = 0;       ///< once_confirmed when this window's count began.
    std::int64_t failures_when_widened = 0;  ///< crashed + silent then.

    // What people said.
    std::vector<std::string> approved_by;  ///< Each once, in the order they did.
    bool overridden = false;               ///< What it waits for is passed over.
    friend bool operator==(const RingState&, const RingState&) = default;
};

enum class EvidencePart { kCrash, kSilence };

/// What ln E of one ring's crashes (without those that begin late), or of its silence, must reach
/// to halt by itself, when all other processes and rings say nothing at all (E = 0).
double log_e_to_halt_alone(const Plan& plan, EvidencePart part);

/// Whether a control of so many devices says what befalls `devices` without the release.
inline bool control_compares(double control, double devices) {
    return control > 0 && control >= 0.1 * devices;
}

/// ln 0, nearly: of a part of the evidence that is left out.
inline constexpr double kNoEvidence = -1e300;

/// What segments alone say, those of which two devices failed at least, each against its own
/// devices. Natural logarithms.
struct SegmentEvidence {
    double log_e_crash = kNoEvidence;
    double log_e_silence = kNoEvidence;
    std::optional<std::size_t> worst{};  ///< Which says most: of Segments::all().
    double log_e_worst = kNoEvidence;    ///< That of it, with its weight.
    std::int64_t worst_failed = 0;       ///< Devices of it.

    /// Of both.
    double log_e() const { return log_e_combined(log_e_crash, kNoEvidence, log_e_silence); }
};

/// The evidence as it stands at one moment. Natural logarithms.
struct Evidence {
    double log_e_crash = 0;
    double log_e_late = 0;     ///< Crashes again, as harm that begins late.
    double log_e_control = 0;  ///< Crashes against those of the control.
    double log_e_losses = 0;   ///< Devices that fell silent later on, likewise.
    double log_e_silence = 0;
    double log_e = 0;
    SegmentEvidence segments{};       ///< Half of the crashes' part, and of the silence.
    std::int64_t failed_devices = 0;  ///< Distinct; forgiven ones left out.
    std::int64_t failed_tenants = 0;
    std::int64_t lost_devices = 0;      ///< Ran it, and are silent now, asleep or not.
    bool tenants_suffice = false;       ///< Those failed, for a halt: see Rollout::decide.
    bool lost_tenants_suffice = false;  ///< Those lost.
    double exposure_hours = 0;          ///< At risk.
};

/// One rollout: one bundle's way through the rings of one plan. Everything here is a function of
/// the events it was given: no clock, no disk, no randomness. The server appends each event to its
/// log (event_log.hpp) before it acts on it; folding the log again gives the same state, and asking
/// decide() again gives the same decisions.
///
/// Rules it keeps:
///   - A device fills its ring's window from ACTIVATING until it is first confirmed; a failed one
///     until two people go on, but for as many silent ones as the tolerance expects of those that
///     were confirmed (ADR 0008). may_activate says no when the window of the ring, or the widest
///     window of any open ring for all of them together, is full. So at most W devices are ever
///     pending or failed beyond tolerance (P2), however offers were cached (ADR 0002).
///   - Thresholds never fall, and nothing but positive evidence widens: no news is not good news.
///   - What the controller held goes on when one person asked for it and another grants it within
///     kOverrideAskedFor; only then do failures leave evidence and window. A person's own hold is
///     ended by one person, and everything counts on: or who holds and resumes after each failure
///     would be past all evidence alone. A hold or a halt ends what was asked for.
///   - kHalted is final. A halt works while rolling, held or complete.
///
/// Thread safety: none.
/// Source: ADR 0002 (admission), ADR 0003 (statistics).
/// Tests: tests/unit/core/rollout/
class Rollout {
public:
    Rollout(RolloutId id, Sha256 bundle, Plan plan);

    /// Applies one event, in log order. An event that does not fit the state (a duplicate report,
    /// a late one, a device never seen) changes nothing: exactly-once effect is decided here. After
    /// a halt or the rollout's retirement devices are still followed, for the record.
    ///
    /// An event with a time before the last event's is taken to be at that time.
    void apply(const Event& event);

    /// What the rollout does at `now`, given everything applied: at most a few events, in order,
    /// that the caller appends to the log and applies. Empty: nothing to do. Calling it again after
    /// applying them yields nothing until something changes.
    ///
    /// Halts    when E >= 1/alpha with failures_min distinct devices of tenants_min tenants. One
    /// tenant
    ///          suffices when failures_min of them are in the vendor's own rings, or when only one
    ///          tenant has activated at all.
    ///          Devices that fell silent after they confirmed count as failed only where it takes
    ///          their part of the evidence to cross.
    /// Holds    when E >= 1/alpha and the failures are of too few tenants; when it is by silence
    /// and
    ///          the control is silent too, or was within the last deadline; when the window holds
    ///          nothing but failures; when a ring is through and its failures forbid the next.
    /// Widens   the threshold by W / active, more when some of those exposed sleep, once a window's
    ///          worth of devices was confirmed, or when two polls after the last step the window
    ///          still has room. When E < 1, and the window's worth is confirmed or nothing is
    ///          pending, the window grows by as many as were confirmed, so that a full clean one
    ///          doubles it. When E > 10 it halves, but not below its start, nor below k*, or there
    ///          would never be evidence enough to halt.
    /// Opens    the next ring when this one's threshold takes in all of it, every device activated
    ///          is resolved, confirmed_min are confirmed (or all, in a ring of fewer),
    ///          exposure_hours_min and bake_floor are over, and E < 1. Devices that are known and
    ///          asleep are not waited for, beyond two polls. Of those confirmed no more may be
    ///          lost than of the control, within two in a hundred and what chance does; while they
    ///          are it waits, kDoubtFloors bake floors at most. Stragglers that activate during the
    ///          bake cannot hold it up for longer than one deadline. While E >= 1 because of
    ///          crashes it waits, as time without more of them brings E down; kDoubtFloors bake
    ///          floors later it holds. Of confirmed_min, in a smaller ring, as many may be missing
    ///          as the tolerance allows to fall silent, and chance beyond it. It holds too when
    ///          the window of a segment is full of failures and confirmations are missing.
    /// Skips    a ring without active devices. Waits when no ring has any.
    /// Completes after the last ring, likewise. From then on only a halt or a hold can follow.
    ///
    /// No ring opens, and no empty one is skipped, before as many people approved it as the plan
    /// asks for. During a freeze no ring opens and no window or threshold grows; halts, holds and
    /// narrowing go on. An override, asked for by one person and granted by another within
    /// kOverrideAskedFor, passes over the freeze, the bake and the numbers that the ring in front
    /// waits for, until the next ring opens; never over evidence, lost devices, exposure,
    /// approvals, a window or a halt, and never where no ring with devices comes after, as a
    /// release must not become last-known-good untried. A hold ends what people said: who resumes
    /// starts anew.
    ///
    /// The E of the halt is over all rings; widening and opening look at the ring's own.
    std::vector<Event> decide(Instant now) const;

    /// What the ring that is open furthest waits for, as decide() judges it: it opens the next when
    /// all gates are open. Before the first ring opens, what people and calendars say. Empty unless
    /// rolling or held.
    std::vector<Gate> gates(Instant now) const;

    /// Until when a freeze is on at `now`; nothing when none is.
    std::optional<Instant> frozen_until(Instant now) const;

    /// The freeze as last seen.
    const std::optional<FreezeSeen>& freeze() const noexcept { return freeze_; }

    /// The ring that opens next: the first that has active devices of those behind the one open
    /// furthest.
    std::optional<std::size_t> next_ring() const;

    /// The ring that people approve next: next_ring(), or the last when none of those not open yet
    /// has devices, as skipping it opens it to whoever appears. Nothing when the last is open.
    std::optional<std::size_t> ring_to_approve() const;

    /// How many people approved that ring `index` opens, of how many: those of the first of it and
    /// of the rings that are skipped for it whose approvals are short; its own when none are. So an
    /// empty ring takes no approval out of a plan.
    struct Approvals {
        std::int64_t have = 0;
        std::int64_t need = 0;
        bool are_there() const { return have >= need; }
    };
    Approvals approvals(std::size_t index) const;

    /// Whether an approval of ring `index` by `person` counts towards any of those.
    bool counts(std::string_view person, std::size_t index) const;

    /// What one person asked for at `now` and nobody granted yet.
    const OverrideAsked* override_asked(Instant now) const;
    Instant override_asked_at() const noexcept { return override_asked_at_; }

    /// Who made the hold that is on; kUnsaid when none is, and of a log of before.
    HeldBy held_by() const noexcept { return held_by_; }

    /// Who asked at `now` to go on with what the controller held; nothing when nobody did.
    const ResumeAsked* resume_asked(Instant now) const;
    Instant resume_asked_at() const noexcept { return resume_asked_at_; }

    /// Whether `device` of `ring` may activate now: rolling or complete, ring open, its bucket
    /// below the threshold, and neither the windows nor those of its segments full. A device
    /// already activated may try again.
    bool may_activate(const Activated& asked) const;
    bool may_activate(std::string_view device, std::string_view ring) const {
        return may_activate(
            {.device = std::string(device), .tenant = {}, .ring = std::string(ring)});
    }

    /// Activated and never confirmed, failures included unless forgiven.
    std::int64_t unconfirmed(std::string_view ring) const;

    std::int64_t filling(const Tally& tally) const { return tally.filling(plan_.silence_q0); }

    /// How many devices of the segment may be activated and unconfirmed at once, over all rings:
    /// the plan's start and as many as were confirmed, which doubles with each window of it.
    std::int64_t window_of(const Segment& segment) const {
        return plan_.segments.window_start + segment.once_confirmed;
    }

    /// Where the window of the ring with this number stops growing: window_max, or more where
    /// window_max_share of its active devices is more. Never above kWindowMax.
    std::int64_t window_cap(std::size_t ring) const;

    /// Whether the windows of its segments have room for the device.
    bool has_room(const Activated& asked) const;

    /// How many more devices of `ring` the windows let in now; 0 for a ring not open.
    std::int64_t room(std::string_view ring) const;

    /// Over all rings. Deadlines that passed by `now` count as failures from then on, without an
    /// event.
    Evidence evidence(Instant now) const;

    /// The same for one ring alone, as widening and opening see it. @pre the plan has the ring.
    Evidence evidence_of(std::string_view ring, Instant now) const;

    /// What the segments say, over all rings.
    SegmentEvidence segment_evidence(Instant now) const;

    /// ln E of one of segments(), with its weight among them; kNoEvidence, or less, below two
    /// failures.
    double evidence_of(const Segment& segment, Instant now) const;

    /// How many of the ring's devices that run the release would be silent without it: as many as
    /// were lost of the control while it ran, at most the share of the control that is silent now.
    double lost_expected(const RingState& ring) const;

    /// Until when silence says nothing about the bundle, because the control is silent too (beyond
    /// control_silent_share_max): one deadline after it was last seen to be, for the devices that
    /// come back after it; Instant::max() while it is; nothing when it never was.
    std::optional<Instant> control_silent_until() const;

    /// k*: the failures in `ring`, by silence or by crash, whichever needs more, that make E cross
    /// 1/alpha, given all that went well so far and a full window of which the others do well; at
    /// least
    /// failures_min. @pre the plan has the ring.
    std::int64_t failures_to_halt(std::string_view ring) const;

    /// W + k* - 1 (P2): the most devices that can be harmed before the rollout stops while `ring`
    /// is
    /// the one open furthest, W being the widest window open until then. It counts harm that shows
    /// before a device confirms (at most W) and failures after that, one by one, which stop the
    /// rollout at k*. @pre the plan has the ring.
    std::int64_t harm_bound(std::string_view ring) const;

    /// When decide() should be asked again though nothing is reported: the next deadline, bake end.
    /// Nothing when only a report can change anything.
    std::optional<Instant> next_deadline(Instant now) const;

    /// The earliest deadline after `now` of a device that is pending.
    std::optional<Instant> next_silence(Instant now) const;

    Phase phase() const noexcept { return phase_; }
    const RolloutId& id() const noexcept { return id_; }
    const Sha256& bundle() const noexcept { return bundle_; }
    const Plan& plan() const noexcept { return plan_; }
    /// As of the last event. For a display, rings_at() also counts the deadlines passed since.
    const std::vector<RingState>& rings() const noexcept { return rings_; }
    std::vector<RingState> rings_at(Instant now) const;
    /// Hours of the ring's devices that are confirmed, as promotion counts them.
    double clean_hours(const RingState& ring, Instant now) const;
    const Exposures& exposures() const noexcept { return exposures_; }
    /// Of the devices let in: what Exposure::group counts.
    const Segments& segments() const noexcept { return segments_; }
    /// Known active devices of `ring`, at least those activated.
    std::int64_t active(std::string_view ring) const;
    const std::string& reason() const noexcept { return reason_; }  ///< Of the last hold or halt.
    std::optional<Instant> first_activation() const noexcept { return first_activation_; }
    std::optional<Instant> halted_at() const noexcept { return halted_at_; }

    friend bool operator==(const Rollout&, const Rollout&) = default;

private:
    struct Fold;  ///< fold.cpp: what each event does.

    /// A device let in at `activated`, and not confirmed then.
    struct Awaited {
        Instant activated;
        Exposures::Place place = 0;
        friend bool operator==(const Awaited&, const Awaited&) = default;
    };
    bool waits(const Awaited& awaited) const {
        const Exposure& exposure = exposures_.at(awaited.place);
        return exposure.outcome == DeviceOutcome::kPending &&
               exposure.activated == awaited.activated;
    }

    const RingState* find_ring(std::string_view name) const;
    /// From the first event to `time`, at most ten years: beyond them no device-hour is counted,
    /// and the sums of some tens of millions of devices fit 63 bits.
    milliseconds since_origin(Instant time) const;
    /// Visits (device's exposure) of everyone whose deadline passed by `now` but not by the last
    /// event.
    template <class Visit>
    void for_each_overdue(Instant now, Visit visit) const;
    std::int64_t widest_window(std::string_view front) const;
    /// Crashes that the tolerated rate explains, of all devices at risk until `now`.
    double crashes_expected(Instant now) const;
    Evidence weigh(std::span<const RingState> rings, Instant now) const;
    std::pair<double, double> weigh_segment(const Tally& tally, Instant now) const;
    double log_weight_of(const Segment& segment) const;

    RolloutId id_;
    Sha256 bundle_;
    Plan plan_;
    Phase phase_ = Phase::kReady;
    bool completed_ = false;  ///< Held after completion resumes to complete.
    std::vector<RingState> rings_;
    Exposures exposures_;
    /// By activation: the next deadline first. The first is pending; of the others some are
    /// resolved by now (waits() says which), as taking one out of the middle would cost more than
    /// all else about a report. They stay for one deadline at most.
    std::deque<Awaited> pending_;
    Segments segments_;
    std::map<std::uint32_t, std::int64_t> failed_by_tenant_;  ///< Forgiven ones left out.
    std::map<std::string, std::int64_t, std::less<>> active_by_ring_;
    SilenceProcess silence_process_;
    ControlSeen control_;
    std::int64_t control_crashed_most_ = 0;
    bool control_silent_now_ = false;
    std::optional<Instant> control_silent_at_;  ///< Last time that it was seen to be.
    ControlProcess control_process_;
    LateCrashProcess late_process_;
    double late_expected_ = 0;            ///< What late_process_ has passed.
    std::optional<Instant> late_bet_at_;  ///< When its last bet was placed.
    LossProcess loss_process_;
    std::optional<Instant> loss_bet_at_;  ///< When the last bet of loss_process_ was placed.
    std::int64_t lost_tenants_ = 0;
    std::optional<FreezeSeen> freeze_;
    std::optional<OverrideAsked> override_asked_;
    Instant override_asked_at_{};
    HeldBy held_by_ = HeldBy::kUnsaid;
    std::optional<ResumeAsked> resume_asked_;
    Instant resume_asked_at_{};
    std::optional<Instant> origin_;  ///< The first event's time.
    Instant last_event_{};
    std::optional<Instant> first_activation_;
    std::optional<Instant> halted_at_;
    std::string reason_;
};

std::string_view name_of(Phase phase);

/// "os=Windows 11 23H2". @pre the segment is of a rollout with this plan.
std::string name_of(const Segment& segment, const Plan& plan);

}  // namespace firebreak::rollout
