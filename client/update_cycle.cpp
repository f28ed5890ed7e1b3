#include "client/update_cycle.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace firebreak::client {
namespace {

ReportDraft rollback_report(const Placed& from, const std::optional<Placed>& to,
                            const std::string& reason) {
    return {.kind = health::Kind::kRollback,
            .counter = from.content.counter,
            .to_counter = counter_of(to),
            .detail = reason};
}

}  // namespace

UpdateCycle::UpdateCycle(CycleState state, std::int64_t unconfirmed_starts_max)
    : state_(std::move(state)), unconfirmed_starts_max_(unconfirmed_starts_max) {
    FIREBREAK_CHECK(unconfirmed_starts_max_ >= 1);
}

// --- Starting -----------------------------------------------------------------------------------

BootDecision UpdateCycle::boot(std::string_view crash) {
    BootDecision decision;
    if (!crash.empty() && state_.active) {
        decision.reports.push_back({.kind = health::Kind::kCrash,
                                    .counter = state_.active->content.counter,
                                    .to_counter = 0,
                                    .detail = std::string(crash)});
    }
    state_.phase = Phase::kResting;
    state_.candidate_tried = false;  // The engine file may be another one since.
    if (state_.active && !state_.active_confirmed) {
        if (state_.starts >= unconfirmed_starts_max_) {
            const Placed bad = *state_.active;
            std::string reason = "not confirmed in " + std::to_string(state_.starts) + " starts";
            const Decision back = roll_back_from(bad, reason, {});
            ++state_.healed;
            decision.healed_from = {.content = bad.content, .reason = std::move(reason)};
            decision.reports.insert(decision.reports.end(), back.reports.begin(),
                                    back.reports.end());
            state_.phase = Phase::kResting;
        } else {
            ++state_.starts;
            state_.phase = Phase::kConfirming;
        }
    }
    if (!state_.active && state_.last_known_good) {
        state_.active = state_.last_known_good;
        state_.active_confirmed = true;
    }
    decision.load = state_.active;
    return decision;
}

BootDecision UpdateCycle::boot_not_saved() {
    // What is on disk still says that the unconfirmed content is active, so the next start that can
    // write takes it up, or gives it up, with the right count. Should this process write first, the
    // content is a candidate again, and what it was loaded before still counts: else a disk that
    // fails now and then would have it loaded for ever.
    if (state_.active && !state_.active_confirmed) {
        state_.candidate = state_.active;
        state_.candidate_tried = false;
        --state_.starts;  // Counted for the load that now does not come.
        state_.active = state_.last_known_good;
        state_.active_confirmed = state_.active.has_value();
        state_.phase = Phase::kResting;
    }
    return {.load = state_.active, .healed_from = {}, .reports = {}};
}

BootDecision UpdateCycle::boot_load_failed(const std::string& reason) {
    FIREBREAK_CHECK(state_.active.has_value());
    const Placed failed = *state_.active;
    BootDecision decision;
    if (!state_.active_confirmed) {
        decision.healed_from = {.content = failed.content, .reason = printable(reason)};
        Decision back = roll_back_from(failed, "did not load: " + reason, {});
        ++state_.healed;
        decision.reports = std::move(back.reports);
    } else {
        // Good content that does not load now (a slot gone bad, a new engine build) stays known as
        // good: it is offered again, fetched again, and must pass everything again. No report: it
        // is not the content that failed, and heartbeats say what runs.
        const std::optional<Placed> next =
            failed == state_.last_known_good ? state_.previous_good : std::optional<Placed>{};
        state_.active = next;
        state_.active_confirmed = next.has_value();
    }
    state_.phase = Phase::kResting;
    decision.load = state_.active;
    return decision;
}

Decision UpdateCycle::resume() {
    if (state_.active && !state_.active_confirmed) {
        state_.phase = Phase::kConfirming;
        return {Confirm{*state_.active, state_.confirm_wait}, {}};
    }
    return rest(false);
}

void UpdateCycle::stopped_in_good_order() {
    if (state_.active && !state_.active_confirmed && state_.starts > 0) --state_.starts;
}

// --- One step -----------------------------------------------------------------------------------

Decision UpdateCycle::step(const Event& event) {
    return std::visit([this](const auto& happened) { return on(happened); }, event);
}

Decision UpdateCycle::not_saved(CycleState before) {
    state_ = std::move(before);
    if (state_.phase == Phase::kConfirming) {
        FIREBREAK_CHECK(state_.active.has_value());
        return {Confirm{*state_.active, state_.confirm_wait}, {}};
    }
    must_be_in(Phase::kAnnouncing);
    return rest(true);
}

Decision UpdateCycle::on(const Sickened& event) {
    must_be_in(Phase::kResting);
    FIREBREAK_CHECK(state_.active && state_.active_confirmed);
    const Placed bad = *state_.active;
    if (state_.previous_good && state_.previous_good->content != bad.content) {
        ++state_.healed;
        return roll_back_from(bad, event.reason, {});
    }
    return {Rest{},
            {{.kind = health::Kind::kCrash,
              .counter = bad.content.counter,
              .to_counter = 0,
              .detail = printable(event.reason)}}};
}

Decision UpdateCycle::on(const Woken&) {
    must_be_in(Phase::kResting);
    state_.phase = Phase::kRefreshing;
    return {Refresh{}, {}};
}

Decision UpdateCycle::on(const Offered& event) {
    must_be_in(Phase::kRefreshing);
    std::vector<ReportDraft> reports;
    const auto named = [&event](const Quarantined& one) { return one.content == event.content; };
    if (event.named_by_recall) std::erase_if(state_.quarantined, named);
    const bool runs_already = state_.active && state_.active->content == event.content;
    if (runs_already || is_quarantined(event.content)) {
        Decision decision = rest(false);
        decision.reports = withdraw_announcement("no longer wanted here");
        return decision;
    }
    if (state_.announced != 0 && state_.announced != event.content.counter) {
        reports = withdraw_announcement("replaced by a newer offer");
    }

    state_.confirm_wait = event.confirm_wait;
    const bool is_candidate = state_.candidate && state_.candidate->content == event.content;
    if (!is_candidate) state_.starts = 0;
    if (is_candidate && state_.candidate_tried) {
        Decision decision = announce();
        decision.reports.insert(decision.reports.begin(), reports.begin(), reports.end());
        return decision;
    }
    const std::optional<Placed> known = placed(event.content);
    const Placed candidate =
        known ? *known : Placed{.content = event.content, .slot = spare_slot()};
    if (!known) {
        // The slot is about to hold something else.
        const auto gone = [&candidate](const std::optional<Placed>& one) {
            return one && one->slot == candidate.slot;
        };
        if (gone(state_.previous_good)) state_.previous_good.reset();
        if (gone(state_.last_known_good)) state_.last_known_good = state_.active;
    }
    state_.candidate = candidate;
    state_.candidate_tried = false;
    state_.phase = Phase::kDownloading;
    return {Download{candidate}, std::move(reports)};
}

Decision UpdateCycle::on(const NothingOffered&) {
    must_be_in(Phase::kRefreshing);
    Decision decision = rest(false);
    decision.reports = withdraw_announcement("no longer offered");
    return decision;
}

Decision UpdateCycle::on(const Recalled& event) {
    FIREBREAK_CHECK(state_.phase == Phase::kRefreshing || state_.phase == Phase::kConfirming);
    FIREBREAK_CHECK(state_.active && state_.active->content.counter == event.counter);
    const Placed recalled = *state_.active;
    std::optional<Placed> to;
    for (const std::optional<Placed>& good : {state_.last_known_good, state_.previous_good}) {
        if (!good || good->content.counter == event.counter) continue;
        if (std::ranges::find(event.all, good->content.counter) != event.all.end()) {
            quarantine(good->content, "recalled");
            continue;
        }
        if (!to || good->content.counter == event.to_counter) to = good;
    }
    return roll_back_from(recalled, "recalled", to);
}

Decision UpdateCycle::on(const RefreshFailed&) {
    must_be_in(Phase::kRefreshing);
    return rest(true);
}

Decision UpdateCycle::on(const Downloaded&) {
    must_be_in(Phase::kDownloading);
    state_.phase = Phase::kTrying;
    return {Trial{*state_.candidate}, {}};
}

Decision UpdateCycle::on(const DownloadFailed&) {
    must_be_in(Phase::kDownloading);
    return rest(true);
}

Decision UpdateCycle::on(const ContentRefused& event) {
    must_be_in(Phase::kDownloading);
    return refuse_candidate(event.reason);
}

Decision UpdateCycle::on(const TrialPassed&) {
    must_be_in(Phase::kTrying);
    state_.candidate_tried = true;
    return announce();
}

Decision UpdateCycle::on(const TrialFailed& event) {
    must_be_in(Phase::kTrying);
    return refuse_candidate(event.reason);
}

Decision UpdateCycle::on(const TrialNotRun&) {
    must_be_in(Phase::kTrying);
    return rest(true);
}

Decision UpdateCycle::on(const MayActivate&) {
    must_be_in(Phase::kAnnouncing);
    FIREBREAK_CHECK(state_.candidate && state_.candidate_tried);
    FIREBREAK_CHECK(!is_quarantined(state_.candidate->content));
    state_.active = state_.candidate;
    state_.active_confirmed = false;
    ++state_.starts;
    state_.announced = 0;
    state_.phase = Phase::kActivating;
    return {Activate{*state_.active}, {}};
}

Decision UpdateCycle::on(const MayNotActivate&) {
    must_be_in(Phase::kAnnouncing);
    state_.announced = 0;
    return rest(false);
}

Decision UpdateCycle::on(const AnnounceFailed&) {
    must_be_in(Phase::kAnnouncing);
    return rest(true);
}

Decision UpdateCycle::on(const Activated&) {
    must_be_in(Phase::kActivating);
    state_.candidate.reset();
    state_.candidate_tried = false;
    state_.phase = Phase::kConfirming;
    return {Confirm{*state_.active, state_.confirm_wait}, {}};
}

Decision UpdateCycle::on(const ActivationFailed& event) {
    must_be_in(Phase::kActivating);
    ++state_.healed;
    return roll_back_from(*state_.active, "did not load: " + event.reason, {});
}

Decision UpdateCycle::on(const Confirmed&) {
    must_be_in(Phase::kConfirming);
    const Placed good = *state_.active;
    if (state_.last_known_good && state_.last_known_good->content != good.content) {
        state_.previous_good = state_.last_known_good;
    }
    state_.last_known_good = good;
    state_.active_confirmed = true;
    state_.starts = 0;
    state_.phase = Phase::kReporting;
    return {ReportHealthy{good},
            {{.kind = health::Kind::kHealthy,
              .counter = good.content.counter,
              .to_counter = 0,
              .detail = ""}}};
}

Decision UpdateCycle::on(const Unhealthy& event) {
    must_be_in(Phase::kConfirming);
    ++state_.healed;
    return roll_back_from(*state_.active, event.reason, {});
}

Decision UpdateCycle::on(const HealthyReported&) {
    must_be_in(Phase::kReporting);
    return rest(false);
}

Decision UpdateCycle::on(const RolledBack&) {
    must_be_in(Phase::kRollingBack);
    return rest(false);
}

Decision UpdateCycle::on(const RollBackFailed& event) {
    must_be_in(Phase::kRollingBack);
    // There is nothing further back. No content is a state that is known to be safe.
    std::vector<ReportDraft> reports;
    if (state_.active) {
        reports.push_back(rollback_report(*state_.active, {}, "did not load: " + event.reason));
    }
    state_.active.reset();
    state_.active_confirmed = false;
    Decision decision = rest(true);
    decision.reports = std::move(reports);
    return decision;
}

// --- Parts of steps -----------------------------------------------------------------------------

void UpdateCycle::must_be_in(Phase phase) const {
    FIREBREAK_CHECK(state_.phase == phase);
}

Decision UpdateCycle::rest(bool after_error) {
    state_.phase = Phase::kResting;
    return {Rest{after_error}, {}};
}

Decision UpdateCycle::announce() {
    state_.phase = Phase::kAnnouncing;
    state_.announced = state_.candidate->content.counter;
    return {AnnounceActivation{*state_.candidate}, {}};
}

Decision UpdateCycle::refuse_candidate(const std::string& reason) {
    const ContentRef refused = state_.candidate->content;
    quarantine(refused, reason);
    state_.candidate.reset();
    state_.candidate_tried = false;
    state_.starts = 0;
    Decision decision = rest(false);
    decision.reports.push_back({.kind = health::Kind::kRefused,
                                .counter = refused.counter,
                                .to_counter = 0,
                                .detail = printable(reason)});
    return decision;
}

Decision UpdateCycle::roll_back_from(Placed bad, std::string reason, std::optional<Placed> to) {
    reason = printable(std::move(reason));
    quarantine(bad.content, reason);
    if (!to) to = state_.last_known_good;
    state_.last_known_good = to;
    if (state_.previous_good == to) state_.previous_good.reset();
    state_.active = to;
    state_.active_confirmed = to.has_value();
    state_.starts = 0;
    state_.announced = 0;
    state_.candidate.reset();
    state_.candidate_tried = false;
    state_.phase = Phase::kRollingBack;
    return {RollBack{to}, {rollback_report(bad, to, reason)}};
}

void UpdateCycle::quarantine(const ContentRef& content, std::string reason) {
    forget_good(content);
    if (is_quarantined(content)) return;
    state_.quarantined.push_back({.content = content, .reason = printable(std::move(reason))});
    // Dropping the oldest is safe: its counter is below what runs, and that alone refuses it.
    if (state_.quarantined.size() > kQuarantinedMax) {
        state_.quarantined.erase(state_.quarantined.begin());
    }
}

void UpdateCycle::forget_good(const ContentRef& content) {
    const auto is_it = [&content](const std::optional<Placed>& one) {
        return one && one->content == content;
    };
    if (is_it(state_.previous_good)) state_.previous_good.reset();
    if (is_it(state_.last_known_good)) {
        state_.last_known_good = state_.previous_good;
        state_.previous_good.reset();
    }
}

bool UpdateCycle::is_quarantined(const ContentRef& content) const {
    return std::any_of(state_.quarantined.begin(), state_.quarantined.end(),
                       [&](const Quarantined& one) { return one.content == content; });
}

std::optional<Placed> UpdateCycle::placed(const ContentRef& content) const {
    for (const std::optional<Placed>& one :
         {state_.candidate, state_.last_known_good, state_.previous_good}) {
        if (one && one->content == content) return one;
    }
    return std::nullopt;
}

SlotName UpdateCycle::spare_slot() const {
    if (state_.active) return other(state_.active->slot);
    if (state_.last_known_good) return other(state_.last_known_good->slot);
    return SlotName::kA;
}

std::vector<ReportDraft> UpdateCycle::withdraw_announcement(std::string why) {
    if (state_.announced == 0) return {};
    ReportDraft draft{.kind = health::Kind::kRefused,
                      .counter = state_.announced,
                      .to_counter = 0,
                      .detail = "not activated: " + std::move(why)};
    state_.announced = 0;
    return {std::move(draft)};
}

bool needs_saved_state(const Action& action) {
    return std::holds_alternative<Activate>(action) ||
           std::holds_alternative<ReportHealthy>(action);
}

std::string_view name_of(const Action& action) {
    struct Name {
        std::string_view operator()(const Refresh&) const { return "refresh"; }
        std::string_view operator()(const Download&) const { return "download"; }
        std::string_view operator()(const Trial&) const { return "trial"; }
        std::string_view operator()(const AnnounceActivation&) const { return "announce"; }
        std::string_view operator()(const Activate&) const { return "activate"; }
        std::string_view operator()(const Confirm&) const { return "confirm"; }
        std::string_view operator()(const ReportHealthy&) const { return "report-healthy"; }
        std::string_view operator()(const RollBack&) const { return "roll-back"; }
        std::string_view operator()(const Rest&) const { return "rest"; }
    };
    return std::visit(Name{}, action);
}

}  // namespace firebreak::client
