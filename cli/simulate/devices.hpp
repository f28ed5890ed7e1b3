#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/simulate/fleet_model.hpp"
#include "cli/simulate/incident.hpp"

namespace firebreak::cli {

double hours_of(rollout::milliseconds time);
rollout::milliseconds of_hours(double count);

/// Sebastiano Vigna's SplitMix64 (public domain): one well-mixed number for each number.
std::uint64_t mixed(std::uint64_t number);

/// Of 64 random bits, a number in [0, 1).
double unit(std::uint64_t bits);

/// When a device that sleeps wakes, by its own clock.
inline constexpr double kWakesAtHour = 9;

/// What about a device a number is drawn for: each draw by itself, so that the order of events does
/// not matter.
enum class Fact : std::uint64_t {
    kTenant = 1,
    kKind,
    kSystem,
    kZone,
    kPoll,
    kInstall,
    kReport,
    kLoss,
    kLate,
    kCrash,
    kHarmed,
    kReboot,
    kRestart,
    kReturn,
    kHeartbeat,
    kSensor
};

using Device = std::uint32_t;

/// What each device of a modelled fleet is like, and what becomes of it: numbers drawn from one
/// seed, made when they are asked for, as there are millions of devices.
class Devices {
public:
    /// @pre both outlive this.
    Devices(const FleetModel& fleet, const Incident& incident, std::uint64_t seed)
        : fleet_(fleet), incident_(incident), seed_(mixed(seed)) {}

    /// Uniform in [0, 1).
    double draw(Device device, Fact fact) const;
    /// Uniform in [0, most).
    rollout::milliseconds spread(Device device, Fact fact, rollout::milliseconds most) const;
    /// Exponential, of mean 1.
    double exponential(Device device, Fact fact) const;

    std::int64_t tenant_number(Device device) const;
    std::string tenant_of(Device device) const;
    /// What it is, for each of the plan's axes: os (its system), sensor, hardware (its kind),
    /// tenant; "" for any other.
    std::vector<std::string> segments_of(Device device, const rollout::SegmentRules& rules) const;
    /// `time`, or when the device wakes after it.
    rollout::milliseconds awake_from(Device device, rollout::milliseconds time) const;
    /// When the device is next cut off from the server for a while, from `time` on: it falls
    /// asleep, or an outage begins; milliseconds::max() when it never is.
    rollout::milliseconds quiet_from(Device device, rollout::milliseconds time) const;
    bool can_be_harmed(Device device) const;
    /// When something said at `time` gets through: then, or when the outage is over.
    rollout::milliseconds through_outage(Device device, rollout::milliseconds time) const;

private:
    std::size_t part_of(Device device, Fact fact, const std::vector<FleetPart>& parts) const;
    const FleetPart& kind_of(Device device) const;
    bool cut_off(Device device, rollout::milliseconds time) const;

    const FleetModel& fleet_;
    const Incident& incident_;
    std::uint64_t seed_;
};

}  // namespace firebreak::cli
