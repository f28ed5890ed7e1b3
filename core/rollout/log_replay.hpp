#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "core/base/error.hpp"
#include "core/rollout/event_log.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::rollout {

/// Makes every decision of a log again, from the log alone, and says where one differs.
///
/// Each entry must follow the one before (event_log.hpp). A release's publication makes its rollout
/// anew from the plan in the entry; each event is applied. Where the log says that the controller
/// decided something, this rollout is asked what it would decide then, and must answer with these
/// very events, to the last millionth of ln E. So whoever holds a copy of the log can check that
/// the server judged as its code says, on another machine and with another compiler.
///
/// Nobody but the controller opens, widens, completes or freezes; what a person approved, asked for
/// or granted is said by that person; and nobody approves what they published (ADR 12). A log from
/// before holds said who made them is taken as it is; from the first that says so on, each must.
///
/// What it cannot see: a decision that was due and that the controller never made. That shows as
/// time going by, in the log's own times.
///
/// Tests: tests/unit/core/rollout/log_replay_test.cpp
class LogReplay {
public:
    /// Takes the next entry.
    ///
    /// @returns Errc::kCorrupt naming the entry's sequence and what is wrong: the chain, an entry
    ///   that cannot be read, an event of a rollout that was never published, a decision that
    ///   differs.
    [[nodiscard]] Result<void> add(const LogEntry& entry);

    /// To be asked after the last entry. @returns Errc::kCorrupt when the log ends in the middle of
    /// a decision of several events: they are committed together.
    [[nodiscard]] Result<void> finish() const;

    std::int64_t entries() const { return last_ ? last_->sequence : 0; }
    std::int64_t events() const { return events_; }
    /// Events that were decided again, and came out the same.
    std::int64_t decisions() const { return decisions_; }
    Sha256 head() const { return last_ ? last_->hash : Sha256{}; }

    /// A rollout as the log leaves it.
    struct Replayed {
        Rollout rollout;
        std::string publisher;  ///< As the log calls them.
        Instant last_event{};
        std::deque<Event> due{};  ///< Of a decision under way: what must come next.
    };
    const std::map<RolloutId, Replayed>& rollouts() const { return rollouts_; }

private:
    [[nodiscard]] Result<void> publish(const LogEntry& entry);
    [[nodiscard]] Result<void> play(const LogEntry& entry);
    [[nodiscard]] Result<void> check_hold(const LogEntry& entry, const Held& held);
    [[nodiscard]] Result<void> decide_again(Replayed& replayed, const Event& event);

    std::optional<LogEntry> last_;
    std::map<RolloutId, Replayed> rollouts_;
    std::int64_t events_ = 0;
    std::int64_t decisions_ = 0;
    bool holds_say_by_whom_ = false;
};

}  // namespace firebreak::rollout
