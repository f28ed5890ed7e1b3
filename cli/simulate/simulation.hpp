#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/simulate/course.hpp"
#include "cli/simulate/fleet_model.hpp"
#include "cli/simulate/incident.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::cli {

/// What came of one simulated rollout. Times from publication; negative: it never came to that.
struct RunResult {
    rollout::Phase phase = rollout::Phase::kReady;
    std::string reason;
    std::int64_t harmed = 0;     ///< Devices that came to harm, until the halt had reached them.
    std::int64_t activated = 0;  ///< Devices that were let in.
    std::int64_t bound = 0;      ///< The highest that Rollout::harm_bound ever was.
    double first_activation_seconds = -1;
    double stopped_seconds = -1;  ///< Halted or held.
    double full_seconds = -1;     ///< The last ring's threshold took in all of it.
    double complete_seconds = -1;
    std::vector<double> opened_seconds;     ///< Of each ring.
    std::vector<std::int64_t> ring_bounds;  ///< The bound's highest while each was open furthest.
    std::int64_t device_events = 0;         ///< Polls, activations, reports.
};

/// Rolls one release out to a modelled fleet: core/rollout, as the server drives it, against
/// devices that poll, sleep, install, confirm, crash and fall silent. It steps from event to event,
/// so a day costs seconds. The same arguments, the same result, bit for bit.
///
/// What is modelled: each device's place in the queue is the real one (bucket); polls are spread
/// over the plan's poll_every, and see a change up to cache_lag_max late; a device that is asleep
/// asks when it wakes; a report takes up to report_delay_max, and through an outage waits for its
/// end. The server decides every 250 ms and counts the fleet every 15 s.
/// What is not: the transport, signatures, files. tests/ run those for real.
///
/// @param sizes  devices of each of the plan's rings (ring_sizes).
/// @param most   stops after that much simulated time.
/// @param course  when not null, is told how the run goes; the result is the same.
RunResult simulate_once(const rollout::Plan& plan, const FleetModel& fleet,
                        const std::vector<std::int64_t>& sizes, const Incident& incident,
                        std::uint64_t seed, rollout::milliseconds most, Course* course = nullptr);

}  // namespace firebreak::cli
