#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::rollout {

// What can happen to a rollout. Each event has a time, and together they are all that the state
// (rollout.hpp) is made of.

/// A device said ACTIVATING and the server let it: from here on it fills the window, and it has
/// until its deadline to say HEALTHY.
struct Activated {
    std::string device;
    std::string tenant;
    std::string ring;
    /// What the device is: for each of the plan's segments_by a value, in its order; "" where it
    /// does not say.
    std::vector<std::string> segments{};
    friend bool operator==(const Activated&, const Activated&) = default;
};
struct Confirmed {  ///< HEALTHY after confirm_after.
    std::string device;
    friend bool operator==(const Confirmed&, const Confirmed&) = default;
};
struct Crashed {  ///< A crash, hang or alert flood with this bundle in force.
    std::string device;
    friend bool operator==(const Crashed&, const Crashed&) = default;
};
struct RolledBack {  ///< The device took itself back to last-known-good.
    std::string device;
    friend bool operator==(const RolledBack&, const RolledBack&) = default;
};
struct Refused {  ///< The device was let in, and then would not run the bundle after all.
    std::string device;
    friend bool operator==(const Refused&, const Refused&) = default;
};
/// How the fleet at large is, for the control: counts at one moment.
struct ControlSeen {
    std::int64_t devices = 0;  ///< Active devices not on the new content.
    /// Of them, unheard of for longer than they may be; all of them when none is heard (is_quiet).
    std::int64_t silent = 0;
    std::int64_t crashed = 0;  ///< Of them, distinct crashed since the rollout began.
    friend bool operator==(const ControlSeen&, const ControlSeen&) = default;
};
/// Who fell silent (silent_after) since the last such count, by ring; a ring that has none is left
/// out. Heard are those that were not silent at that count. Devices with the new content are those
/// that run it, as they say; the control are those of the same ring that were never let in.
struct LossesSeen {
    using ByRing = std::map<std::string, std::int64_t>;
    ByRing heard{};  ///< With the new content.
    ByRing lost{};   ///< Of those heard, silent now.
    ByRing control_heard{};
    ByRing control_lost{};
    ByRing silent{};                  ///< All with the new content that are silent now.
    std::int64_t silent_tenants = 0;  ///< Distinct tenants of those.
    friend bool operator==(const LossesSeen&, const LossesSeen&) = default;
};
/// Known active devices of each ring, which thresholds are computed from.
struct FleetSeen {
    std::map<std::string, std::int64_t> active_by_ring;
    friend bool operator==(const FleetSeen&, const FleetSeen&) = default;
};
struct Started {
    friend bool operator==(const Started&, const Started&) = default;
};
struct RingOpened {  ///< All earlier rings are baked.
    std::string ring;
    friend bool operator==(const RingOpened&, const RingOpened&) = default;
};
/// A ring without one active device gives no evidence and is not waited for. It is open from here
/// on, to those who appear later, with the window it would have started with.
struct RingSkipped {
    std::string ring;
    friend bool operator==(const RingSkipped&, const RingSkipped&) = default;
};
/// The ring's window is now `window` (wider or, after failures, narrower), its threshold
/// `threshold_ppb` (never lower than before).
struct Widened {
    std::string ring;
    std::int64_t window = 0;
    std::int64_t threshold_ppb = 0;
    friend bool operator==(const Widened&, const Widened&) = default;
};
/// Who made a hold. Logs of before this was told apart do not say.
enum class HeldBy { kUnsaid, kController, kPerson };
struct Held {
    std::string reason;
    HeldBy by = HeldBy::kUnsaid;
    friend bool operator==(const Held&, const Held&) = default;
};
/// One person goes on. Of a hold that a person made, it passes over nothing; one that the
/// controller made it does not end; of one that does not say, it does what ResumeGranted does, as
/// it did then.
struct Resumed {
    std::string actor;
    std::string reason;
    friend bool operator==(const Resumed&, const Resumed&) = default;
};
struct Halted {
    std::string reason;
    std::int64_t log_e_micros = 0;  ///< ln E at the halt, in millionths; 0 when a person halted.
    friend bool operator==(const Halted&, const Halted&) = default;
};
struct Completed {
    friend bool operator==(const Completed&, const Completed&) = default;
};
/// A newer rollout of the stream took over.
struct Superseded {
    std::int64_t by_counter = 0;
    friend bool operator==(const Superseded&, const Superseded&) = default;
};

/// The freeze of the plan's calendar that is or comes next, in the time of the world: whoever
/// writes the log looks it up, because another machine's time zones may differ. Until
/// before or at from: none is near.
struct FreezeSeen {
    std::string name;
    Instant from{};
    Instant until{};  ///< Exclusive.
    friend bool operator==(const FreezeSeen&, const FreezeSeen&) = default;
};
/// A person says that `ring`, which is not open yet, may open. Counts once a person.
struct Approved {
    std::string person;
    std::string ring;
    std::string reason;
    friend bool operator==(const Approved&, const Approved&) = default;
};
/// A person asks that what `ring`, the one open furthest, still waits for be passed over. Nothing
/// comes of it unless another person grants it in time.
struct OverrideAsked {
    std::string person;
    std::string ring;
    std::string reason;
    friend bool operator==(const OverrideAsked&, const OverrideAsked&) = default;
};
struct OverrideGranted {
    std::string person;
    std::string ring;
    std::string reason;
    friend bool operator==(const OverrideGranted&, const OverrideGranted&) = default;
};

/// A person asks to go on with what the controller held. Nothing comes of it unless another person
/// grants it in time.
struct ResumeAsked {
    std::string person;
    std::string reason;
    friend bool operator==(const ResumeAsked&, const ResumeAsked&) = default;
};
/// Two people looked at what failed and go on: the failures so far are on them, and leave the
/// window and the evidence.
struct ResumeGranted {
    std::string person;
    std::string asked_by;
    std::string reason;
    friend bool operator==(const ResumeGranted&, const ResumeGranted&) = default;
};

using EventBody = std::variant<Activated, Confirmed, Crashed, RolledBack, Refused, ControlSeen,
                               FleetSeen, Started, RingOpened, RingSkipped, Widened, Held, Resumed,
                               Halted, Completed, Superseded, LossesSeen, FreezeSeen, Approved,
                               OverrideAsked, OverrideGranted, ResumeAsked, ResumeGranted>;

struct Event {
    Instant time;
    EventBody body;
    friend bool operator==(const Event&, const Event&) = default;
};

/// "ring-opened": the event's type as the log and the API write it.
std::string_view type_of(const EventBody& body);

/// "controller" or "person"; empty when a hold does not say.
std::string_view name_of(HeldBy by);

/// {"type", "time" (to the millisecond), and the members of the body}: integers and strings only,
/// so that a log compares byte for byte. A hold that does not say who made it has no "by".
json::value to_json(const Event& event);

/// The reverse of to_json: parse_event(to_json(e)) == e for every event within the limits (device,
/// tenant, ring, actor, person, name, segment: at most 256 bytes; reason: 4096; counts: 0 to 10^12;
/// rings in a FleetSeen: 1024; segments: kSegmentAxesMax).
///
/// @returns Errc::kMalformed with the member's path: another type, a missing or unknown member, a
///   value outside the limits.
[[nodiscard]] Result<Event> parse_event(const json::value& value);

}  // namespace firebreak::rollout
