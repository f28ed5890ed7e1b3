#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::cli {

/// A part of a fleet, by the share of devices that are of it.
struct FleetPart {
    std::string name;
    double share = 1;
    double awake_hours = 24;  ///< A day, from nine in the morning; 24 is always on.
};

/// A fleet to simulate: examples/fleets/*.yaml, schemas/fleet-model.v1.json.
struct FleetModel {
    std::string name;
    std::string description;
    std::int64_t devices = 1;
    /// Devices of each ring: a count, or below 1 a share of all. The plan's default ring has the
    /// rest.
    std::map<std::string, double> rings;
    std::int64_t tenants = 100;
    std::vector<FleetPart> kinds{{"server", 1, 24}};  ///< What a device is, and when it sleeps.
    std::vector<FleetPart> systems{{"any", 1, 24}};   ///< Its OS build.
    std::vector<FleetPart> sensors{{"any", 1, 24}};   ///< Its sensor build.
    double time_zone_hours = 0;  ///< The fleet's noons are spread over so many hours.
    double starts_at_hour = 9;   ///< Hour of the day at which the release is published.
    rollout::milliseconds cache_lag_max{30'000};  ///< A CDN serves a file for so long.
    rollout::milliseconds install_max{10'000};    ///< From an offer to ACTIVATING.
    rollout::milliseconds report_delay_max{5'000};
    double activation_loss = 0.001;     ///< Share of activations that go silent by themselves.
    double crash_rate_per_hour = 1e-5;  ///< Of every device, whatever it runs.
};

/// Reads a fleet that require_schema("fleet-model.v1") has passed.
///
/// @returns Errc::kBadInput naming what a schema cannot see: shares that do not add up to 1.
[[nodiscard]] Result<FleetModel> parse_fleet_model(const json::value& document);

/// How many devices each of the plan's rings has.
///
/// @returns Errc::kBadInput for a ring that the plan does not have, or more devices in rings than
///   in the fleet.
[[nodiscard]] Result<std::vector<std::int64_t>> ring_sizes(const FleetModel& fleet,
                                                           const rollout::Plan& plan);

}  // namespace firebreak::cli
