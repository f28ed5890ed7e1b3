#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/cycle_state.hpp"

namespace firebreak::client {

// What the cycle asks for next. The agent does it, and comes back with an Event.

/// Ask the repository what is on offer.
struct Refresh {};
/// Fetch into the candidate's slot, unless it stands there already, and verify.
struct Download {
    Placed candidate;
};
/// Load it in a process that may die of it.
struct Trial {
    Placed candidate;
};
/// Make sure that the offer still stands, then tell the server and wait for its answer.
struct AnnounceActivation {
    Placed candidate;
};
/// Load it in the live sensor. Only once the state is on disk.
struct Activate {
    Placed candidate;
};
/// Wait, then see whether the sensor answers and the update path still works.
struct Confirm {
    Placed content;
    std::chrono::seconds wait{};
};
/// See the report of health on its way. Only once the state is on disk.
struct ReportHealthy {
    Placed content;
};
/// Load what was good before; nothing: run without content.
struct RollBack {
    std::optional<Placed> to;
};
/// Nothing to do until the next poll.
struct Rest {
    bool after_error = false;  ///< Wait longer each time.
};
using Action = std::variant<Refresh, Download, Trial, AnnounceActivation, Activate, Confirm,
                            ReportHealthy, RollBack, Rest>;

// What happened. Each action has an event for success and one for failure.

struct Woken {};  ///< The rest is over.
/// What runs, and was confirmed, turns out to harm the device. The rest is over as well.
struct Sickened {
    std::string reason;
};
/// The trust rules allow this device to install it (trust::may_install).
struct Offered {
    ContentRef content;
    std::chrono::seconds confirm_wait{60};
    bool named_by_recall = false;  ///< A recall sends devices back to this very counter.
};
struct NothingOffered {};
/// Devices that run `counter` are to go back.
struct Recalled {
    std::int64_t counter = 0;
    std::int64_t to_counter = 0;      ///< 0: to what the device itself found good.
    std::vector<std::int64_t> all{};  ///< Every counter that is recalled: no place to go back to.
};
struct RefreshFailed {};
struct Downloaded {};
struct DownloadFailed {};  ///< Not fetched, or not what was signed: a fault of the way, not of it.
/// The signed bytes themselves are not usable content.
struct ContentRefused {
    std::string reason;
};
struct TrialPassed {};
struct TrialFailed {
    std::string reason;
};
struct TrialNotRun {};  ///< Could not be tried, which says nothing about the content.
struct MayActivate {};
struct MayNotActivate {};  ///< The server said no, or the offer no longer stands.
struct AnnounceFailed {};  ///< No answer. Not a yes.
struct Activated {};
struct ActivationFailed {
    std::string reason;
};
struct Confirmed {};
struct Unhealthy {
    std::string reason;
};
struct HealthyReported {};  ///< Sent, or safely queued.
struct RolledBack {};
struct RollBackFailed {
    std::string reason;
};
/// The state that the last Decision left could not be written, and its action was not begun.
struct NotSaved {};

using Event =
    std::variant<Woken, Sickened, Offered, NothingOffered, Recalled, RefreshFailed, Downloaded,
                 DownloadFailed, ContentRefused, TrialPassed, TrialFailed, TrialNotRun, MayActivate,
                 MayNotActivate, AnnounceFailed, Activated, ActivationFailed, Confirmed, Unhealthy,
                 HealthyReported, RolledBack, RollBackFailed>;

/// What comes of an event: reports to queue, and what to do next. State and reports go to disk in
/// one write, before the action.
struct Decision {
    Action action;
    std::vector<ReportDraft> reports;
};

/// What a start begins with, before there is any network.
struct BootDecision {
    std::optional<Placed> load;  ///< Nothing: start without content.
    /// What was given up for it: content that did not confirm within its starts.
    std::optional<Quarantined> healed_from;
    std::vector<ReportDraft> reports;
};

/// One device's way from "a bundle is on offer" to "it runs and the device is well" or "we are back
/// on what ran before". Decides; does nothing itself: no clock, no disk, no socket.
///
/// Rules it keeps:
///   - last-known-good is content that was confirmed on this device, never what is being tried;
///   - quarantined content is not tried again, unless a recall sends the device back to it;
///   - an attempt is counted in the state that is saved before the content loads;
///   - what sickens after it was confirmed goes when there is something good to go back to: a slow
///     sensor protects better than none;
///   - nothing but a yes activates: no answer, an unknown state or a failed write is a no.
///
/// Thread safety: none.
/// Tests: tests/unit/client/update_cycle_test.cpp.
class UpdateCycle {
public:
    /// @param state  What was saved last, or a fresh one.
    /// @param unconfirmed_starts_max  Loads that unconfirmed content gets, its activation included.
    UpdateCycle(CycleState state, std::int64_t unconfirmed_starts_max);

    /// The first thing after a start. Save the state, then load.
    /// @param crash  How the last process died in the sensor; empty: it did not.
    [[nodiscard]] BootDecision boot(std::string_view crash);

    /// In place of loading: the state that boot() left could not be saved. Unconfirmed content must
    /// not load uncounted, so this goes to what needs no counting. Forgets nothing.
    [[nodiscard]] BootDecision boot_not_saved();

    /// What boot() named does not load. Ask again with each failure: the answers run out.
    [[nodiscard]] BootDecision boot_load_failed(const std::string& reason);

    /// After the boot's load: where to go on.
    [[nodiscard]] Decision resume();

    /// @pre `event` answers the last Action (FIREBREAK_CHECKed): nobody can confirm what was never
    ///      activated.
    [[nodiscard]] Decision step(const Event& event);

    /// Instead of carrying out a decision of step(): goes back to the state before it, and says
    /// what to do from there. @pre `before` is this cycle's state from before that step.
    [[nodiscard]] Decision not_saved(CycleState before);

    /// The process is about to end in good order: what runs has not failed.
    void stopped_in_good_order();

    const CycleState& state() const noexcept { return state_; }

private:
    Decision on(const Woken& event);
    Decision on(const Sickened& event);
    Decision on(const Offered& event);
    Decision on(const NothingOffered& event);
    Decision on(const Recalled& event);
    Decision on(const RefreshFailed& event);
    Decision on(const Downloaded& event);
    Decision on(const DownloadFailed& event);
    Decision on(const ContentRefused& event);
    Decision on(const TrialPassed& event);
    Decision on(const TrialFailed& event);
    Decision on(const TrialNotRun& event);
    Decision on(const MayActivate& event);
    Decision on(const MayNotActivate& event);
    Decision on(const AnnounceFailed& event);
    Decision on(const Activated& event);
    Decision on(const ActivationFailed& event);
    Decision on(const Confirmed& event);
    Decision on(const Unhealthy& event);
    Decision on(const HealthyReported& event);
    Decision on(const RolledBack& event);
    Decision on(const RollBackFailed& event);

    void must_be_in(Phase phase) const;
    Decision rest(bool after_error);
    Decision announce();
    Decision refuse_candidate(const std::string& reason);
    Decision roll_back_from(Placed bad, std::string reason, std::optional<Placed> to);
    void quarantine(const ContentRef& content, std::string reason);
    void forget_good(const ContentRef& content);
    bool is_quarantined(const ContentRef& content) const;
    std::optional<Placed> placed(const ContentRef& content) const;
    SlotName spare_slot() const;
    std::vector<ReportDraft> withdraw_announcement(std::string why);

    CycleState state_;
    std::int64_t unconfirmed_starts_max_;
};

/// Whether `action` may only begin once the state is on disk.
bool needs_saved_state(const Action& action);

/// "download", "confirm": for logs and the status.
std::string_view name_of(const Action& action);

}  // namespace firebreak::client
