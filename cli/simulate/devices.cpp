#include "cli/simulate/devices.hpp"

#include <cmath>

#include "core/rollout/portable_math.hpp"

namespace firebreak::cli {

using rollout::milliseconds;
using std::chrono::minutes;

double hours_of(milliseconds time) {
    return static_cast<double>(time.count()) / 3.6e6;
}

milliseconds of_hours(double count) {
    return milliseconds{static_cast<std::int64_t>(count * 3.6e6)};
}

std::uint64_t mixed(std::uint64_t number) {
    std::uint64_t x = number + 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

double unit(std::uint64_t bits) {
    return static_cast<double>(bits >> 11U) * 0x1p-53;
}

double Devices::draw(Device device, Fact fact) const {
    return unit(
        mixed(seed_ ^ mixed((std::uint64_t{device} << 8U) | static_cast<std::uint64_t>(fact))));
}

milliseconds Devices::spread(Device device, Fact fact, milliseconds most) const {
    return milliseconds{
        static_cast<std::int64_t>(draw(device, fact) * static_cast<double>(most.count()))};
}

double Devices::exponential(Device device, Fact fact) const {
    return -rollout::portable::log(1 - draw(device, fact));
}

std::size_t Devices::part_of(Device device, Fact fact, const std::vector<FleetPart>& parts) const {
    double left = draw(device, fact);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        left -= parts[i].share;
        if (left < 0) return i;
    }
    return parts.size() - 1;
}

const FleetPart& Devices::kind_of(Device device) const {
    return fleet_.kinds[part_of(device, Fact::kKind, fleet_.kinds)];
}

milliseconds Devices::awake_from(Device device, milliseconds time) const {
    const double awake = kind_of(device).awake_hours;
    if (awake >= 24) return time;
    const double local = fleet_.starts_at_hour + hours_of(time) +
                         draw(device, Fact::kZone) * fleet_.time_zone_hours - kWakesAtHour;
    const double since_waking = local - 24 * std::floor(local / 24);
    return since_waking < awake ? time : time + of_hours(24 - since_waking);
}

milliseconds Devices::quiet_from(Device device, milliseconds time) const {
    milliseconds quiet = milliseconds::max();
    const double awake = kind_of(device).awake_hours;
    if (awake < 24) {
        const double asleep = fleet_.starts_at_hour + hours_of(time) +
                              draw(device, Fact::kZone) * fleet_.time_zone_hours - kWakesAtHour -
                              awake;
        quiet = time + of_hours(24 * std::ceil(asleep / 24) - asleep);
    }
    if (incident_.outage_at && time <= *incident_.outage_at &&
        cut_off(device, *incident_.outage_at)) {
        quiet = std::min(quiet, *incident_.outage_at);
    }
    return quiet;
}

bool Devices::can_be_harmed(Device device) const {
    if (incident_.harm == Harm::kNone) return false;
    const FleetPart& system = fleet_.systems[part_of(device, Fact::kSystem, fleet_.systems)];
    if (!incident_.system.empty() && system.name != incident_.system) return false;
    const FleetPart& sensor = fleet_.sensors[part_of(device, Fact::kSensor, fleet_.sensors)];
    if (!incident_.sensor.empty() && sensor.name != incident_.sensor) return false;
    return draw(device, Fact::kHarmed) < incident_.share;
}

bool Devices::cut_off(Device device, milliseconds time) const {
    if (!incident_.outage_at || time < *incident_.outage_at) return false;
    if (time >= *incident_.outage_at + incident_.outage_for) return false;
    return !incident_.outage_of_one_tenant || tenant_number(device) == 0;
}

milliseconds Devices::through_outage(Device device, milliseconds time) const {
    if (!cut_off(device, time)) return time;
    return *incident_.outage_at + incident_.outage_for + spread(device, Fact::kReturn, minutes{1});
}

std::int64_t Devices::tenant_number(Device device) const {
    return static_cast<std::int64_t>(draw(device, Fact::kTenant) *
                                     static_cast<double>(fleet_.tenants));
}

std::vector<std::string> Devices::segments_of(Device device,
                                              const rollout::SegmentRules& rules) const {
    std::vector<std::string> values;
    values.reserve(rules.by.size());
    for (const std::string& axis : rules.by) {
        if (axis == "os") {
            values.push_back(fleet_.systems[part_of(device, Fact::kSystem, fleet_.systems)].name);
        } else if (axis == "sensor") {
            values.push_back(fleet_.sensors[part_of(device, Fact::kSensor, fleet_.sensors)].name);
        } else if (axis == "hardware") {
            values.push_back(kind_of(device).name);
        } else {
            values.push_back(axis == "tenant" ? tenant_of(device) : "");
        }
    }
    return values;
}

std::string Devices::tenant_of(Device device) const {
    return "tenant-" + std::to_string(tenant_number(device));
}

}  // namespace firebreak::cli
