#include "cli/simulate/control.hpp"

#include <algorithm>
#include <cmath>

#include "cli/simulate/devices.hpp"
#include "core/rollout/portable_math.hpp"

namespace firebreak::cli {

using rollout::milliseconds;

namespace {

/// Time zones that the awake share of a fleet is averaged over.
constexpr int kZones = 24;

/// The integral of floor from 0 to x.
double integral_of_floor(double x) {
    const double whole = std::floor(x);
    return whole * (whole - 1) / 2 + whole * (x - whole);
}

}  // namespace

Control::Control(const FleetModel& fleet, const Incident& incident, const rollout::Plan& plan,
                 std::uint64_t seed)
    : fleet_(fleet),
      incident_(incident),
      plan_(plan),
      seed_(seed),
      awake_at_first_(awake_share(milliseconds{0})),
      next_crash_(-rollout::portable::log(1 - unit(mixed(seed)))) {}

rollout::ControlSeen Control::see(std::int64_t devices, milliseconds since, milliseconds now) {
    const auto without = static_cast<double>(devices);
    const double awake = awake_share(now);
    const double rate = fleet_.crash_rate_per_hour * incident_.crash_rate_factor;
    crashes_expected_ += hours_of(now - since) * without * awake * rate;
    while (crashes_expected_ >= next_crash_) {
        ++crashes_;
        next_crash_ -= rollout::portable::log(1 - unit(mixed(seed_ + crashes_)));
    }
    rollout::ControlSeen seen;
    seen.devices = static_cast<std::int64_t>(without * awake_at_first_);
    seen.crashed = static_cast<std::int64_t>(crashes_);
    const double asleep = std::max(0.0, awake_at_first_ - awake);
    seen.silent = static_cast<std::int64_t>(without * asleep);
    const bool outage = incident_.outage_at && !incident_.outage_of_one_tenant &&
                        now >= *incident_.outage_at + rollout::quiet_after(plan_) &&
                        now < *incident_.outage_at + incident_.outage_for;
    if (outage && rollout::is_quiet(plan_, seen.devices, 0)) seen.silent = seen.devices;
    return seen;
}

double Control::awake_share(milliseconds time) const {
    double awake = 0;
    for (const FleetPart& kind : fleet_.kinds) {
        for (int zone = 0; zone < kZones; ++zone) {
            const double local = fleet_.starts_at_hour + hours_of(time) +
                                 (zone + 0.5) / kZones * fleet_.time_zone_hours - kWakesAtHour;
            const double since_waking = local - 24 * std::floor(local / 24);
            if (since_waking < kind.awake_hours) awake += kind.share / kZones;
        }
    }
    return awake;
}

milliseconds Control::noticed_after() const {
    return rollout::silent_after(plan_) - plan_.heartbeat_every / 2;
}

std::int64_t Control::lose(double devices, std::int64_t heard, milliseconds since,
                           milliseconds now) {
    const double quiet = quiet_share(since - noticed_after(), now - noticed_after());
    return std::min(heard, poisson(devices * quiet));
}

/// How often a device has fallen asleep by a day, for which the first zone's bedtime is the day's
/// beginning: the mean of floor(days + zone) over the zones.
double Control::fallen_asleep(double days) const {
    const double zones = fleet_.time_zone_hours / 24;
    if (zones <= 0) return std::floor(days);
    return (integral_of_floor(days + zones) - integral_of_floor(days)) / zones;
}

/// The share of the fleet that is cut off from the server between `from` and `to`: it falls asleep,
/// or an outage begins that is long enough to be noticed.
double Control::quiet_share(milliseconds from, milliseconds to) const {
    double quiet = 0;
    for (const FleetPart& kind : fleet_.kinds) {
        if (kind.awake_hours >= 24) continue;
        const double asleep_at = fleet_.starts_at_hour - kWakesAtHour - kind.awake_hours;
        quiet += kind.share * (fallen_asleep((asleep_at + hours_of(to)) / 24) -
                               fallen_asleep((asleep_at + hours_of(from)) / 24));
    }
    if (incident_.outage_at && *incident_.outage_at > from && *incident_.outage_at <= to &&
        incident_.outage_for > rollout::silent_after(plan_)) {
        const double cut_off =
            incident_.outage_of_one_tenant ? 1 / static_cast<double>(fleet_.tenants) : 1;
        quiet += cut_off * awake_share(to);
    }
    return quiet;
}

/// Above fifty the normal law that it is close to, from a sum of twelve.
std::int64_t Control::poisson(double expected) {
    const auto next = [this] { return unit(mixed(mixed(seed_) + ++draws_)); };
    if (expected > 50) {
        double normal = -6;
        for (int i = 0; i < 12; ++i) normal += next();
        return std::max<std::int64_t>(0, std::llround(expected + normal * std::sqrt(expected)));
    }
    const double least = rollout::portable::exp(-expected);
    std::int64_t count = 0;
    for (double product = next(); product > least; product *= next()) ++count;
    return count;
}

}  // namespace firebreak::cli
