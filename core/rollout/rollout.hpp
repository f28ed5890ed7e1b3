#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::rollout {

/// One rollout: one bundle's way through the rings of one plan. Everything here is a function of
/// the events it was given: no clock, no disk, no randomness. The server appends each event to its
/// log (event_log.hpp) before it acts on it; folding the log again gives the same state, and asking
/// decide() again gives the same decisions.

enum class Phase { kReady, kRolling, kHeld, kHalted, kComplete, kRetired };

/// Identity of a rollout: one counter of one stream.
struct RolloutId {
    std::string stream;
    std::int64_t counter = 0;
    friend auto operator<=>(const RolloutId&, const RolloutId&) = default;
};

// --- Events. Each has a time, and is all that the fold needs. -----------------------------------

/// A device said ACTIVATING and the server let it: from here to its deadline it fills the window.
struct Activated {
    std::string device;
    std::string tenant;
    std::string ring;
};
struct Confirmed {  ///< HEALTHY after confirm_after.
    std::string device;
};
struct Crashed {  ///< A crash, hang or alert flood with this bundle in force.
    std::string device;
};
struct RolledBack {  ///< The device took itself back to last-known-good.
    std::string device;
};
/// How the fleet at large is, for the control: counts at one moment.
struct ControlSeen {
    std::int64_t devices = 0;  ///< Active devices not on the new content.
    std::int64_t silent = 0;   ///< Of them, unheard of for longer than they may be.
    std::int64_t crashed = 0;  ///< Of them, distinct crashed since the rollout began.
};
/// Known active devices of each ring, which thresholds are computed from.
struct FleetSeen {
    std::map<std::string, std::int64_t> active_by_ring;
};
struct Started {};
struct RingOpened {
    std::string ring;
};
struct Widened {  ///< The ring's window is now `window`, its threshold `threshold_ppb`.
    std::string ring;
    std::int64_t window = 0;
    std::int64_t threshold_ppb = 0;
};
struct Held {
    std::string reason;
};
struct Resumed {
    std::string actor;
    std::string reason;
};
struct Halted {
    std::string reason;
    double log_e = 0;  ///< At the halt; 0 when a person halted.
};
struct Completed {};
/// A newer rollout of the stream took over.
struct Superseded {
    std::int64_t by_counter = 0;
};

using EventBody =
    std::variant<Activated, Confirmed, Crashed, RolledBack, ControlSeen, FleetSeen, Started,
                 RingOpened, Widened, Held, Resumed, Halted, Completed, Superseded>;

struct Event {
    Instant time;
    EventBody body;
};

json::value to_json(const Event& event);
[[nodiscard]] Result<Event> parse_event(const json::value& value);

// --- State ------------------------------------------------------------------------------------

enum class DeviceOutcome { kPending, kConfirmed, kFailed };

struct Exposure {
    std::string tenant;
    std::string ring;
    Instant activated;
    Instant resolved;  ///< When it was confirmed or failed.
    DeviceOutcome outcome = DeviceOutcome::kPending;
    bool crashed = false;
    bool silent = false;  ///< Failed by the deadline alone.
};

struct RingState {
    std::string name;
    bool open = false;
    bool baked = false;
    std::int64_t window = 0;  ///< W now.
    std::int64_t threshold_ppb = 0;
    std::int64_t activated = 0;
    std::int64_t confirmed = 0;
    std::int64_t failed = 0;
    Instant last_confirmed;
    Instant opened;
};

/// The evidence as it stands at one moment.
struct Evidence {
    double log_e_crash = 0;
    double log_e_control = 0;
    double log_e_silence = 0;
    double log_e = 0;
    std::int64_t failed_devices = 0;
    std::int64_t failed_tenants = 0;
    double exposure_hours = 0;
};

class Rollout {
public:
    Rollout(RolloutId id, Sha256 bundle, Plan plan);

    /// Applies one event, in log order. An event that does not fit the state (a duplicate report,
    /// a late one, a device never seen) changes nothing: exactly-once effect is decided here.
    ///
    /// @pre event.time is not before the last event's; earlier ones are taken to be at that time.
    void apply(const Event& event);

    /// What the rollout does at `now`, given everything applied: at most a few events, in order, that
    /// the caller appends to the log and applies. Empty: nothing to do. Calling it again after
    /// applying them yields nothing until something changes.
    ///
    /// Halts when E >= 1/alpha with enough distinct devices and tenants; holds when the control is
    /// silent too; widens or opens the next ring only on positive evidence; completes when the last
    /// ring is at kPpbAll, all resolved, and baked.
    std::vector<Event> decide(Instant now) const;

    /// Whether `device` of `ring` may activate now: rolling, ring open, its bucket below the
    /// threshold and the window not full. This is what makes P2's bound hard (ADR 0002). A device
    /// already activated may try again.
    bool may_activate(const std::string& device, const std::string& ring) const;

    /// Activated and not confirmed, failures included: what fills the window.
    std::int64_t unconfirmed(const std::string& ring) const;

    /// Deadlines that passed by `now` count as failures from then on, without an event.
    Evidence evidence(Instant now) const;

    /// W + k* - 1 (P2): the most devices that can be harmed before a halt in `ring`, with k* the
    /// failures that E needs to cross 1/alpha there.
    std::int64_t harm_bound(const std::string& ring) const;

    /// When decide() should be asked again though nothing is reported: the next deadline, bake end.
    std::optional<Instant> next_deadline(Instant now) const;

    Phase phase() const noexcept { return phase_; }
    const RolloutId& id() const noexcept { return id_; }
    const Sha256& bundle() const noexcept { return bundle_; }
    const Plan& plan() const noexcept { return plan_; }
    const std::vector<RingState>& rings() const noexcept { return rings_; }
    const std::map<std::string, Exposure>& exposures() const noexcept { return exposures_; }
    const std::string& reason() const noexcept { return reason_; }  ///< Of the last hold or halt.
    std::optional<Instant> first_activation() const noexcept { return first_activation_; }
    std::optional<Instant> halted_at() const noexcept { return halted_at_; }

private:
    RolloutId id_;
    Sha256 bundle_;
    Plan plan_;
    Phase phase_ = Phase::kReady;
    std::vector<RingState> rings_;
    std::map<std::string, Exposure> exposures_;
    std::map<std::string, std::int64_t> active_by_ring_;
    ControlSeen control_;
    Instant last_event_{};
    std::optional<Instant> first_activation_;
    std::optional<Instant> halted_at_;
    std::string reason_;
};

std::string_view name_of(Phase phase);

}  // namespace firebreak::rollout
