#include "client/agent.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/net/errc.hpp"

namespace firebreak::client {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kHistoryLinesMax = 500;
constexpr std::size_t kDetectionLinesMax = 2'000;
constexpr std::chrono::seconds kStatusAgeMax{60};
constexpr std::uint64_t kFirstPollMillisMax = 2'000;

}  // namespace

Agent::Agent(AgentParts parts, AgentConfig config, AgentCredentials credentials)
    : parts_(parts),
      config_(std::move(config)),
      paths_(config_.state),
      identity_(std::move(credentials.identity)),
      link_(parts_.transport),
      metadata_(parts_.store, paths_.metadata),
      repository_(link_, metadata_, std::move(credentials.shipped_root), config_.stream),
      reporter_(link_, identity_, config_.stream, parts_.sensor.build(),
                std::move(credentials.attributes)),
      slots_(parts_.store, paths_.slots),
      scanner_(parts_.store, config_.watch),
      event_logs_(config_.event_logs),
      vitals_(config_.alerts_per_minute_max),
      metered_(parts_.sensor, vitals_, parts_.clock),
      detections_(parts_.store, paths_.detections, kDetectionLinesMax),
      history_(parts_.store, paths_.history, kHistoryLinesMax),
      cycle_({}, config_.unconfirmed_starts_max) {
    notes_.device = identity_.device;
    notes_.tenant = identity_.tenant;
    notes_.ring = identity_.ring;
    notes_.stream = config_.stream;
    notes_.engine_build = parts_.sensor.build().hex();
    const TimePoint now = parts_.clock.steady();
    scan_due_ = events_due_ = heartbeat_due_ = send_due_ = left_alone_until_ = now;
}

asio::awaitable<void> Agent::run() {
    // A fleet that starts at one instant (a site's power is back) does not poll at one instant.
    const milliseconds first{parts_.random.below(kFirstPollMillisMax)};
    if (std::holds_alternative<Rest>(*unfinished_)) {
        co_await tend(parts_.clock.steady() + first);
    }
    for (;;) {
        const bool after_error = co_await update();
        co_await tend(parts_.clock.steady() + rest_time(after_error));
    }
}

asio::awaitable<bool> Agent::update() {
    const std::uint64_t errors_before = errors_;
    FIREBREAK_CHECK(unfinished_.has_value());
    Action action = std::exchange(*unfinished_, Rest{});
    if (std::holds_alternative<Rest>(action)) {
        const Event woken = why_woken();
        action = adopt(cycle_.step(woken)).action;
        if (const auto* const sickened = std::get_if<Sickened>(&woken)) {
            if (std::holds_alternative<Rest>(action)) keep_sick(sickened->reason);
            unmark_quarantined();
        }
    }
    while (!std::holds_alternative<Rest>(action)) {
        const Event event = co_await perform(action);
        action = advance(event).action;
    }
    const bool after_error = std::get<Rest>(action).after_error;
    if (errors_ == errors_before) notes_.last_error.clear();
    write_status();
    co_return after_error;
}

Decision Agent::adopt(Decision decision) {
    queue(decision.reports);
    save();
    return decision;
}

Decision Agent::advance(const Event& event) {
    const CycleState before = cycle_.state();
    const ReportQueue reports_before = reports_;
    Decision decision = cycle_.step(event);
    queue(decision.reports);
    if (!save() && needs_saved_state(decision.action)) {
        reports_ = reports_before;
        decision = adopt(cycle_.not_saved(before));
    }
    if (cycle_.state().quarantined != before.quarantined) unmark_quarantined();
    return decision;
}

void Agent::stop() {
    cycle_.stopped_in_good_order();
    save();
    note(Severity::kInfo, "agent.stopped", {{"running_counter", running_counter()}});
}

// --- Between updates ----------------------------------------------------------------------------

asio::awaitable<void> Agent::tend(TimePoint until) {
    const bool was_well = vitals_.trouble().empty();
    for (;;) {
        if (!config_.watch.empty() && parts_.clock.steady() >= scan_due_) co_await scan_watched();
        if (!config_.event_logs.empty() && parts_.clock.steady() >= events_due_) judge_events();
        if (parts_.clock.steady() >= heartbeat_due_) {
            heartbeat_due_ = parts_.clock.steady() + jittered(heartbeat_, parts_.random);
            queue({{.kind = health::Kind::kHeartbeat,
                    .counter = running_counter(),
                    .to_counter = 0,
                    .detail = ""}});
        }
        if (!reports_.empty() && parts_.clock.steady() >= send_due_) co_await try_flush();
        const TimePoint now = parts_.clock.steady();
        if (now >= until) co_return;
        if (was_well && !vitals_.trouble().empty()) co_return;
        const auto pause = std::chrono::ceil<milliseconds>(next_due(until) - now);
        co_await parts_.waiter.wait(std::max(pause, milliseconds{1}));
    }
}

Agent::TimePoint Agent::next_due(TimePoint until) const {
    TimePoint next = std::min(until, heartbeat_due_);
    if (!config_.watch.empty()) next = std::min(next, scan_due_);
    if (!config_.event_logs.empty()) next = std::min(next, events_due_);
    if (!reports_.empty()) next = std::min(next, send_due_);
    return next;
}

asio::awaitable<Result<ReportAnswer>> Agent::flush() {
    ReportAnswer last;
    while (!reports_.empty()) {
        const WaitingReport first = reports_.number_first();
        if (!save()) co_return fail(Errc::kUnavailable, "a report's number could not be saved");
        const auto created = std::chrono::floor<std::chrono::seconds>(parts_.clock.now());
        Result<ReportAnswer> answer = co_await reporter_.send(first, created);
        if (!answer && answer.error() == make_error_code(net::Errc::kConnection)) {
            // A kept connection that the server has closed meanwhile. Repeating is safe: that is
            // what the number is for.
            answer = co_await reporter_.send(first, created);
        }
        if (!answer) {
            heed_retry_after();
            co_return fail(answer.error());
        }
        if (answer->dropped) {
            parts_.log.error("report.refused", {{"kind", health::name_of(first.draft.kind)},
                                                {"sequence", first.sequence}});
        }
        // Not worth a write of its own: a report that is sent twice is counted once.
        reports_.pop_first();
        last = *answer;
    }
    co_return last;
}

asio::awaitable<void> Agent::try_flush() {
    const Result<ReportAnswer> sent = co_await flush();
    if (sent) {
        send_backoff_.reset();
        co_return;
    }
    note_error("report.not_sent", sent.error());
    send_due_ =
        std::max(parts_.clock.steady() + send_backoff_.next(parts_.random), left_alone_until_);
}

milliseconds Agent::rest_time(bool after_error) {
    milliseconds rest{0};
    if (after_error) {
        rest = std::max(poll_backoff_.next(parts_.random), milliseconds{config_.poll_min});
    } else {
        poll_backoff_.reset();
        rest = jittered(std::max(poll_, config_.poll_min), parts_.random);
    }
    const auto asked = std::chrono::ceil<milliseconds>(left_alone_until_ - parts_.clock.steady());
    return std::max(rest, asked);
}

void Agent::heed_retry_after() {
    const std::chrono::seconds asked = link_.take_retry_after();
    if (asked.count() > 0) left_alone_until_ = parts_.clock.steady() + asked;
}

// --- What is kept and told ----------------------------------------------------------------------

void Agent::queue(const std::vector<ReportDraft>& drafts) {
    for (const ReportDraft& draft : drafts) reports_.push(draft, parts_.clock.now());
}

bool Agent::save() {
    AgentState now = state_now();
    // A poll that finds nothing changes nothing that a restart would need.
    if (now.cycle.phase == Phase::kRefreshing) now.cycle.phase = Phase::kResting;
    bool written = true;
    if (now != saved_) {
        const Result<void> result = write_state(parts_.store, paths_.state, now);
        written = result.has_value();
        if (written) {
            saved_ = std::move(now);
        } else {
            note_error("agent.state_not_saved", result.error());
        }
    }
    write_status();
    return written;
}

void Agent::write_status() {
    json::object status = status_json(state_now(), notes_);
    const json::value last_refresh = std::exchange(status["last_refresh"], nullptr);
    const json::value waiting = std::exchange(status["reports_waiting"], nullptr);
    std::string comparable = json::serialize(status);
    const TimePoint now = parts_.clock.steady();
    const bool fresh = now - status_written_at_ < kStatusAgeMax;
    if (comparable == status_written_ && fresh) return;
    status["last_refresh"] = last_refresh;
    status["reports_waiting"] = waiting;
    const std::string text = pretty_json(status);
    if (!parts_.store.write(paths_.status, bytes_of(text), FileMode::kPrivate)) return;
    status_written_ = std::move(comparable);
    status_written_at_ = now;
}

void Agent::note(Severity severity, std::string_view event, json::object fields) {
    parts_.log.write(severity, event, fields);
    json::object entry{{"time", format_utc_millis(parts_.clock.now())}, {"event", event}};
    for (const auto& field : fields) entry[field.key()] = field.value();
    history_.add(entry);
    // Kept in memory when the disk is full, and written with the next entry.
    (void)history_.flush();
}

void Agent::note_error(std::string_view event, const Error& error) {
    ++errors_;
    notes_.last_error = printable(error.to_string());
    parts_.log.warning(event, {{"error", notes_.last_error}});
}

std::int64_t Agent::running_counter() const {
    return parts_.sensor.running() == nullptr ? 0 : counter_of(cycle_.state().active);
}

}  // namespace firebreak::client
