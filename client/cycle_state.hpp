#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/health/report.hpp"

namespace firebreak::client {

/// One bundle by name: its digest is its identity, its counter its place in the stream.
struct ContentRef {
    std::int64_t counter = 0;
    Sha256 sha256;

    friend bool operator==(const ContentRef&, const ContentRef&) = default;
};

/// The two places a bundle can stand on disk (slots.hpp).
enum class SlotName { kA, kB };

std::string_view name_of(SlotName slot);
constexpr SlotName other(SlotName slot) {
    return slot == SlotName::kA ? SlotName::kB : SlotName::kA;
}

/// A bundle and the slot it stands in.
struct Placed {
    ContentRef content;
    SlotName slot = SlotName::kA;

    friend bool operator==(const Placed&, const Placed&) = default;
};

/// 0: nothing.
std::int64_t counter_of(const std::optional<Placed>& placed);

/// Content that this device never tries again, and why.
struct Quarantined {
    ContentRef content;
    std::string reason;

    friend bool operator==(const Quarantined&, const Quarantined&) = default;
};

/// How far an update has come. Saved before each step is carried out, so that a device that dies
/// in it knows, when it starts again, what it was doing.
enum class Phase {
    kResting,
    kRefreshing,   ///< Asking the repository what is on offer.
    kDownloading,  ///< Into the spare slot.
    kTrying,       ///< Loading it in a process that may die of it.
    kAnnouncing,   ///< Telling the server, and waiting for its yes.
    kActivating,   ///< Loading it in the live sensor. The attempt is on disk.
    kConfirming,   ///< It is live; waiting to see that the device stays well.
    kReporting,    ///< It is well; saying so.
    kRollingBack,  ///< Going back to what was last known good.
};

std::string_view name_of(Phase phase);

/// Everything the update cycle must not forget. Plain data: UpdateCycle keeps its rules.
struct CycleState {
    Phase phase = Phase::kResting;
    std::optional<Placed> active;  ///< What the sensor runs, or is about to.
    bool active_confirmed = false;
    std::int64_t starts = 0;  ///< Loads, real or nearly, of unconfirmed `active` or `candidate`.
    std::optional<Placed> last_known_good;  ///< Confirmed here. Never what is being tried.
    std::optional<Placed> previous_good;    ///< Confirmed before that, while its slot lasts.
    std::optional<Placed> candidate;        ///< On its way in; stands in the spare slot.
    bool candidate_tried = false;           ///< The candidate has passed its trial.
    std::chrono::seconds confirm_wait{60};  ///< What the offer of `active` asked for.
    std::int64_t announced = 0;             ///< Counter said to be activating; 0: none.
    std::int64_t healed = 0;                ///< Times this device took itself back.
    std::vector<Quarantined> quarantined;   ///< Oldest first, at most kQuarantinedMax.

    friend bool operator==(const CycleState&, const CycleState&) = default;
};

inline constexpr std::size_t kQuarantinedMax = 64;

json::object to_json(const CycleState& state);

/// @returns the state, or Errc::kMalformed with the member that is wrong, also when members
///   contradict each other (two different bundles in one slot).
[[nodiscard]] Result<CycleState> parse_cycle_state(const json::value& value);

/// `text` cut to what a report, a log line or a reason may carry, its other than printable ASCII
/// bytes as '?'.
std::string printable(std::string text);

/// A report before it has a sequence number, a device and a time (report_queue.hpp).
struct ReportDraft {
    health::Kind kind = health::Kind::kHeartbeat;
    std::int64_t counter = 0;
    std::int64_t to_counter = 0;
    std::string detail;

    friend bool operator==(const ReportDraft&, const ReportDraft&) = default;
};

}  // namespace firebreak::client
