#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "client/cycle_state.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::client {

/// A report on its way: numbered once it may have been sent, so that every repeat is the same
/// report.
struct WaitingReport {
    ReportDraft draft;
    Instant time;               ///< When it happened.
    std::int64_t sequence = 0;  ///< 0: never sent.

    friend bool operator==(const WaitingReport&, const WaitingReport&) = default;
};

/// What this device still has to tell, in order. Lives in the state file, so that a report and the
/// step that caused it are on disk together.
///
/// Rules it keeps:
///   - a sequence number is given once, and before the report can leave: save after number_first()
///     and before sending; numbers only rise;
///   - a report that was numbered stays, unchanged, until it was answered;
///   - at most kReportsMax wait; the oldest heartbeats go first, then the oldest others.
///
/// Thread safety: none. Tests: tests/unit/client/report_queue_test.cpp.
class ReportQueue {
public:
    static constexpr std::size_t kReportsMax = 256;

    /// @param first_sequence  The first number it will give. @pre >= 1.
    explicit ReportQueue(std::int64_t first_sequence = 1);

    /// Appends `draft`. A heartbeat, or an announcement of the same counter, that was never sent
    /// makes way for a newer one.
    void push(ReportDraft draft, Instant time);

    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

    /// Gives the first report its number, if it has none. @pre !empty().
    const WaitingReport& number_first();

    /// The first report was answered, or can never be. @pre !empty() and it was numbered.
    void pop_first();

    std::int64_t next_sequence() const { return next_sequence_; }

    json::object to_json() const;
    [[nodiscard]] static Result<ReportQueue> parse(const json::value& value);

    friend bool operator==(const ReportQueue&, const ReportQueue&) = default;

private:
    void drop_unsent(health::Kind kind, std::optional<std::int64_t> counter);
    void make_room();

    std::int64_t next_sequence_;
    std::deque<WaitingReport> waiting_;
};

}  // namespace firebreak::client
