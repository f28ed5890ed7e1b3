#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "client/backoff.hpp"
#include "client/bounded_lines.hpp"
#include "client/config.hpp"
#include "client/device_identity.hpp"
#include "client/event_logs.hpp"
#include "client/live_sensor.hpp"
#include "client/metadata_store.hpp"
#include "client/offer.hpp"
#include "client/reporter.hpp"
#include "client/repository.hpp"
#include "client/scanner.hpp"
#include "client/server_link.hpp"
#include "client/slots.hpp"
#include "client/status.hpp"
#include "client/trial.hpp"
#include "client/update_cycle.hpp"
#include "client/vitals.hpp"
#include "client/waiter.hpp"
#include "core/base/log.hpp"

namespace firebreak::client {

/// What an agent stands on. All of it outlives the agent.
struct AgentParts {
    const Clock& clock;
    Random& random;
    FileStore& store;
    net::Transport& transport;
    Waiter& waiter;
    LiveSensor& sensor;
    TrialRunner& trial;
    const Log& log;
};

/// Who the agent is, and where its trust begins.
struct AgentCredentials {
    Identity identity;
    Bytes shipped_root;
    health::Attributes attributes{};  ///< What the device is, as it is now.
};

/// One endpoint's agent: keeps the sensor running on content that this device was allowed, and has
/// lived with. Carries out what UpdateCycle decides; one thing after another, on one thread.
///
/// At every await it may be killed, and starts again from its state folder:
///   - state and reports are on disk before the step that they describe (state_file.hpp);
///   - content loads live only after its attempt is on disk, and after the server's yes.
///
/// Thread safety: none. Cancellation: run() honours it between and inside steps.
/// Tests: tests/unit/client/agent_test.cpp, agent_killed_test.cpp, agent_attacked_test.cpp.
class Agent {
public:
    Agent(AgentParts parts, AgentConfig config, AgentCredentials credentials);

    /// The part of a start that needs no network: reads the state, gives up content that did not
    /// confirm in its starts, and loads what then is active.
    ///
    /// @param crash  How the last process died in the sensor; empty: it did not (CallGuard).
    /// @returns an error only when there is no place for the state. A device that can run nothing
    ///   runs without content, and says so.
    [[nodiscard]] Result<void> start(std::string_view crash);

    /// Works until cancelled. @pre start() succeeded.
    boost::asio::awaitable<void> run();

    /// One update: from a poll, or from what start() found unfinished, to the next rest.
    /// @returns whether it rests after an error.
    boost::asio::awaitable<bool> update();

    /// Scans, sends what waits, and lets time pass until `until`, or until what runs turns out to
    /// harm the device.
    boost::asio::awaitable<void> tend(std::chrono::steady_clock::time_point until);

    /// Notes that the end was orderly, so that the next start does not count it as a failure.
    void stop();

    const CycleState& cycle() const { return cycle_.state(); }
    json::object status() const { return status_json(state_now(), notes_); }

private:
    // agent_start.cpp
    void read_or_rebuild();
    void boot(std::string_view crash);
    void note_healed(const BootDecision& decision);
    [[nodiscard]] Result<void> put_live(const Placed& placed);
    [[nodiscard]] Result<content::Bundle> unpack_placed(const Placed& placed) const;
    [[nodiscard]] Result<void> check_named(const content::Manifest& manifest,
                                           const ContentRef& content) const;
    void mark(const Placed& placed, bool confirmed);
    void unmark_quarantined();

    // agent.cpp
    using TimePoint = std::chrono::steady_clock::time_point;
    AgentState state_now() const { return {.cycle = cycle_.state(), .reports = reports_}; }
    std::int64_t running_counter() const;
    void queue(const std::vector<ReportDraft>& drafts);
    bool save();
    void write_status();
    Decision adopt(Decision decision);
    Decision advance(const Event& event);
    void note(Severity severity, std::string_view event, json::object fields);
    void note_error(std::string_view event, const Error& error);
    void heed_retry_after();
    TimePoint next_due(TimePoint until) const;
    boost::asio::awaitable<Result<ReportAnswer>> flush();
    boost::asio::awaitable<void> try_flush();
    std::chrono::milliseconds rest_time(bool after_error);

    // agent_watch.cpp
    boost::asio::awaitable<void> scan_watched();
    void judge_events();
    Event why_woken() const;
    void keep_sick(const std::string& reason);
    void keep_detections();

    // agent_steps.cpp
    boost::asio::awaitable<Event> perform(Action action);
    boost::asio::awaitable<Event> perform(Refresh action);
    boost::asio::awaitable<Event> perform(Download action);
    boost::asio::awaitable<Event> perform(Trial action);
    boost::asio::awaitable<Event> perform(AnnounceActivation action);
    boost::asio::awaitable<Event> perform(Activate action);
    boost::asio::awaitable<Event> perform(Confirm action);
    boost::asio::awaitable<Event> perform(ReportHealthy action);
    boost::asio::awaitable<Event> perform(RollBack action);
    boost::asio::awaitable<Event> perform(Rest action);
    boost::asio::awaitable<Result<Verdict>> look();
    [[nodiscard]] Result<void> store_bundle(const Placed& candidate, ByteView bundle);
    [[nodiscard]] Result<void> store_record(const Placed& candidate);
    SlotRecord record_for(const Placed& candidate) const;

    AgentParts parts_;
    AgentConfig config_;
    StatePaths paths_;
    Identity identity_;
    ServerLink link_;
    MetadataStore metadata_;
    Repository repository_;
    Reporter reporter_;
    Slots slots_;
    Scanner scanner_;
    EventLogs event_logs_;
    Vitals vitals_;
    MeteredSensor metered_;  ///< parts_.sensor, for all that it is given to look at.
    BoundedLines detections_;
    BoundedLines history_;

    UpdateCycle cycle_;
    ReportQueue reports_;
    std::optional<AgentState> saved_;   ///< What is on disk.
    std::optional<Action> unfinished_;  ///< What start() left to do.
    StatusNotes notes_;
    std::uint64_t errors_ = 0;    ///< Noted since the start.
    std::string status_written_;  ///< Without what changes all the time.
    TimePoint status_written_at_;

    std::optional<RepositoryView> view_;  ///< Of the last look.
    trust::ContentTerms terms_;           ///< Of the last offer.
    std::string trouble_;                 ///< Why the last scan says that the sensor is unwell.
    std::string events_trouble_;          ///< Why the last events do.

    std::chrono::seconds poll_{10};  ///< Until a pointer says otherwise.
    std::chrono::seconds heartbeat_{300};
    Backoff poll_backoff_;
    Backoff send_backoff_;
    TimePoint scan_due_;
    TimePoint events_due_;
    TimePoint heartbeat_due_;
    TimePoint send_due_;
    TimePoint left_alone_until_;  ///< The server asked for it.
};

}  // namespace firebreak::client
