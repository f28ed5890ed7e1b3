// How each action of the update cycle is carried out. An action never decides: it says what
// happened.

#include <algorithm>

#include "client/agent.hpp"
#include "core/base/check.hpp"
#include "core/base/errc.hpp"

namespace firebreak::client {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

/// How long content may stay unconfirmed because the update path does not work: for what breaks it
/// may be the content. Beyond any confirm time, and far beyond a restart of a server.
constexpr seconds kUpdatePathPatience{1'800};
constexpr seconds kPollMost{86'400};

seconds bounded(std::int64_t value) {
    return std::clamp(seconds{value}, seconds{1}, kPollMost);
}

}  // namespace

asio::awaitable<Event> Agent::perform(Action action) {
    const auto perform_one = [this](auto one) -> asio::awaitable<Event> {
        return this->perform(std::move(one));
    };
    return std::visit(perform_one, std::move(action));
}

asio::awaitable<Event> Agent::perform(Rest) {
    FIREBREAK_CHECK(false);
    co_return Woken{};
}

asio::awaitable<Result<Verdict>> Agent::look() {
    const auto now = std::chrono::floor<seconds>(parts_.clock.now());
    Result<std::optional<RepositoryView>> view = co_await repository_.refresh(now);
    if (!view) {
        heed_retry_after();
        note_error("refresh.failed", view.error());
        co_return fail(view.error());
    }
    notes_.last_refresh = parts_.clock.now();
    view_ = std::move(*view);
    if (!view_) {
        co_return Verdict{.event = NothingOffered{}, .terms = {}, .why_not = "nothing published"};
    }
    poll_ = bounded(view_->pointer.poll_seconds);
    const seconds heartbeat = bounded(view_->pointer.heartbeat_seconds);
    if (heartbeat < heartbeat_) {
        // A shorter interval counts from now on, not from the end of a long one.
        heartbeat_due_ = std::min(heartbeat_due_, parts_.clock.steady() + heartbeat);
    }
    heartbeat_ = heartbeat;
    const trust::DeviceState device{.device_id = identity_.device,
                                    .ring = identity_.ring,
                                    .engine_build = parts_.sensor.build(),
                                    .running_counter = counter_of(cycle_.state().active)};
    Verdict verdict = judge(*view_, device, cycle_.state().active, now);
    notes_.not_installed = verdict.why_not;
    co_return verdict;
}

asio::awaitable<Event> Agent::perform(Refresh) {
    Result<Verdict> verdict = co_await look();
    if (!verdict) co_return RefreshFailed{};
    terms_ = std::move(verdict->terms);
    co_return std::move(verdict->event);
}

asio::awaitable<Event> Agent::perform(Download action) {
    const Placed& candidate = action.candidate;
    FIREBREAK_CHECK(view_.has_value());
    if (const Result<Bytes> there = slots_.read(candidate.slot, candidate.content)) {
        const Result<void> renewed = store_record(candidate);
        if (!renewed) {
            note_error("download.not_stored", renewed.error());
            co_return DownloadFailed{};
        }
        co_return Downloaded{};
    }
    const Result<Bytes> bundle =
        co_await repository_.fetch(view_->content, content::BundleLimits{}.bundle_bytes_max);
    if (!bundle) {
        heed_retry_after();
        note_error("download.failed", bundle.error());
        co_return DownloadFailed{};
    }
    const Result<void> stored = store_bundle(candidate, *bundle);
    if (!stored) {
        note_error("download.not_stored", stored.error());
        co_return DownloadFailed{};
    }
    const Result<content::Bundle> unpacked = unpack_placed(candidate);
    if (!unpacked) {
        const std::string reason = "bundle: " + unpacked.error().to_string();
        note(Severity::kError, "content.refused",
             {{"counter", candidate.content.counter}, {"reason", reason}});
        co_return ContentRefused{reason};
    }
    note(Severity::kInfo, "content.downloaded",
         {{"counter", candidate.content.counter}, {"sha256", candidate.content.sha256.hex()}});
    co_return Downloaded{};
}

Result<void> Agent::store_bundle(const Placed& candidate, ByteView bundle) {
    // The content role vouched for these bytes; the pointer must have meant the same.
    if (sha256(bundle) != candidate.content.sha256) {
        return fail(Errc::kConflict, "the two roles name different bundles");
    }
    return slots_.write(candidate.slot, record_for(candidate), bundle);
}

Result<void> Agent::store_record(const Placed& candidate) {
    return slots_.rewrite_record(candidate.slot, record_for(candidate));
}

SlotRecord Agent::record_for(const Placed& candidate) const {
    return {.stream = config_.stream,
            .content = candidate.content,
            .terms = terms_,
            .confirmed = false};
}

asio::awaitable<Event> Agent::perform(Trial action) {
    const Placed& candidate = action.candidate;
    const TrialVerdict verdict =
        co_await parts_.trial.run(slots_.bundle_path(candidate.slot), candidate.content.sha256);
    switch (verdict.outcome) {
        case TrialVerdict::Outcome::kPassed: co_return TrialPassed{};
        case TrialVerdict::Outcome::kNotRun:
            note_error("trial.not_run", Error(Errc::kUnavailable, verdict.reason));
            co_return TrialNotRun{};
        case TrialVerdict::Outcome::kFailed: break;
    }
    note(Severity::kError, "content.refused",
         {{"counter", candidate.content.counter}, {"reason", printable(verdict.reason)}});
    co_return TrialFailed{printable(verdict.reason)};
}

asio::awaitable<Event> Agent::perform(AnnounceActivation action) {
    // Minutes may have passed since the offer: a download, a trial. A halt in between counts.
    Result<Verdict> verdict = co_await look();
    if (!verdict) co_return AnnounceFailed{};
    const auto* const offer = std::get_if<Offered>(&verdict->event);
    if (offer == nullptr || offer->content != action.candidate.content) {
        co_return MayNotActivate{};
    }
    queue({{.kind = health::Kind::kActivating,
            .counter = action.candidate.content.counter,
            .to_counter = 0,
            .detail = ""}});
    const Result<ReportAnswer> answer = co_await flush();
    if (!answer) {
        note_error("announce.failed", answer.error());
        co_return AnnounceFailed{};
    }
    if (!answer->may_activate) {
        parts_.log.info("announce.told_to_wait", {{"counter", action.candidate.content.counter}});
        co_return MayNotActivate{};
    }
    co_return MayActivate{};
}

asio::awaitable<Event> Agent::perform(Activate action) {
    const Result<void> loaded = put_live(action.candidate);
    if (!loaded) {
        note_error("content.not_loaded", loaded.error());
        co_return ActivationFailed{printable(loaded.error().to_string())};
    }
    trouble_.clear();
    events_trouble_.clear();
    note(Severity::kInfo, "content.activated",
         {{"counter", action.candidate.content.counter},
          {"sha256", action.candidate.content.sha256.hex()}});
    co_return Activated{};
}

asio::awaitable<Event> Agent::perform(Confirm action) {
    const TimePoint started = parts_.clock.steady();
    const TimePoint due = started + action.wait;
    Backoff backoff;
    std::chrono::milliseconds pause = poll_;
    for (;;) {
        const TimePoint now = parts_.clock.steady();
        // Until it is due, poll as ever: a recall must not have to wait. After that, it is only the
        // update path that is still to be seen.
        co_await tend(now < due ? std::min(due, now + pause) : now + pause);
        if (!trouble_.empty()) co_return Unhealthy{trouble_};
        if (!events_trouble_.empty()) co_return Unhealthy{events_trouble_};
        if (!vitals_.trouble().empty()) co_return Unhealthy{vitals_.trouble()};

        const Result<Verdict> verdict = co_await look();
        if (!verdict) {
            if (parts_.clock.steady() > due + kUpdatePathPatience) {
                co_return Unhealthy{"the update path does not work"};
            }
            const auto asked = std::chrono::ceil<std::chrono::milliseconds>(left_alone_until_ -
                                                                            parts_.clock.steady());
            pause = std::max(backoff.next(parts_.random), asked);
            continue;
        }
        pause = poll_;
        if (std::holds_alternative<Recalled>(verdict->event)) co_return verdict->event;
        if (parts_.clock.steady() < due) continue;
        const Result<void> alive = parts_.sensor.probe();
        if (!alive) co_return Unhealthy{"no answer: " + printable(alive.error().to_string())};
        co_return Confirmed{};
    }
}

asio::awaitable<Event> Agent::perform(ReportHealthy action) {
    mark(action.content, true);
    vitals_.confirm();
    note(Severity::kInfo, "content.confirmed", {{"counter", action.content.content.counter}});
    co_await try_flush();
    co_return HealthyReported{};
}

asio::awaitable<Event> Agent::perform(RollBack action) {
    const std::vector<Quarantined>& quarantined = cycle_.state().quarantined;
    FIREBREAK_CHECK(!quarantined.empty());
    note(Severity::kWarning, "content.rolled_back",
         {{"from_counter", quarantined.back().content.counter},
          {"to_counter", counter_of(action.to)},
          {"reason", quarantined.back().reason}});
    trouble_.clear();
    events_trouble_.clear();
    if (!action.to) {
        parts_.sensor.unload();
        vitals_.begin(false);
        note(Severity::kWarning, "agent.no_content", {{"device", identity_.device}});
        co_return RolledBack{};
    }
    const Result<void> loaded = put_live(*action.to);
    if (!loaded) {
        parts_.sensor.unload();
        vitals_.begin(false);
        note_error("content.not_loaded", loaded.error());
        co_return RollBackFailed{printable(loaded.error().to_string())};
    }
    co_return RolledBack{};
}

}  // namespace firebreak::client
