#pragma once

#include <cstdint>

#include "cli/simulate/fleet_model.hpp"
#include "cli/simulate/incident.hpp"
#include "core/rollout/event.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::cli {

/// The devices of a modelled fleet that do not run the release: counts, drawn from the same model
/// as the devices that do, as there are too many to follow one by one. Shares are averages over the
/// fleet's kinds and time zones; times count from publication.
class Control {
public:
    /// @pre all outlive this.  @param seed  Mixed already (mixed()).
    Control(const FleetModel& fleet, const Incident& incident, const rollout::Plan& plan,
            std::uint64_t seed);

    /// What the server counts at `now` of `devices` that do not run the release. To be called in
    /// the order of time: crashes are drawn for the time since `since`.
    rollout::ControlSeen see(std::int64_t devices, rollout::milliseconds since,
                             rollout::milliseconds now);

    /// The share of the fleet that is awake.
    double awake_share(rollout::milliseconds time) const;

    /// How many of `devices` the server finds silent at `now` that it did not at `since`; at most
    /// `heard`. Drawn anew at each call.
    std::int64_t lose(double devices, std::int64_t heard, rollout::milliseconds since,
                      rollout::milliseconds now);

    /// From a device's silence until the server finds it silent: silent_after, less the half of a
    /// heartbeat that has passed since its last one.
    rollout::milliseconds noticed_after() const;

private:
    double quiet_share(rollout::milliseconds from, rollout::milliseconds to) const;
    double fallen_asleep(double days) const;
    std::int64_t poisson(double expected);

    const FleetModel& fleet_;
    const Incident& incident_;
    const rollout::Plan& plan_;
    std::uint64_t seed_;
    double awake_at_first_;
    double crashes_expected_ = 0;
    double next_crash_;
    std::uint64_t crashes_ = 0;
    std::uint64_t draws_ = 0;
};

}  // namespace firebreak::cli
