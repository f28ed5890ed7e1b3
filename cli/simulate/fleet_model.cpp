#include "cli/simulate/fleet_model.hpp"

#include <algorithm>
#include <cmath>

#include "cli/command.hpp"
#include "cli/simulate/members.hpp"

namespace firebreak::cli {
namespace {

constexpr double kSharesOff = 1e-6;

Result<std::vector<FleetPart>> parse_parts(const JsonObject& object, std::string_view name) {
    const Result<const json::array*> elements = object.array(name);
    if (!elements) return fail(elements.error());
    std::vector<FleetPart> parts;
    double sum = 0;
    for (const json::value& element : **elements) {
        const Result<JsonObject> fields = JsonObject::of(element, object.path_to(name));
        if (!fields) return fail(fields.error());
        Members members(*fields);
        FleetPart part;
        members.text("name", part.name);
        members.number("share", part.share);
        members.number("awake_hours", part.awake_hours);
        if (!members.done()) return fail(members.done().error());
        sum += part.share;
        parts.push_back(std::move(part));
    }
    if (std::abs(sum - 1) > kSharesOff) {
        return fail(Errc::kBadInput, object.path_to(name) + ": the shares add up to " +
                                         std::to_string(sum) + ", and must to 1");
    }
    return parts;
}

Result<void> read_ring(const json::value& element, FleetModel& fleet) {
    const Result<JsonObject> fields = JsonObject::of(element, "fleet.rings");
    if (!fields) return fail(fields.error());
    Members members(*fields);
    std::string name;
    double devices = 0;
    members.text("name", name);
    members.number("devices", devices);
    if (!members.done()) return members.done();
    if (!fleet.rings.emplace(name, devices).second) {
        return fail(Errc::kBadInput, "fleet.rings: '" + name + "' is there twice");
    }
    return {};
}

}  // namespace

Result<FleetModel> parse_fleet_model(const json::value& document) {
    const Result<JsonObject> fields = JsonObject::of(document, "fleet");
    if (!fields) return fail(fields.error());
    FleetModel fleet;
    Members members(*fields);
    members.text("name", fleet.name);
    members.text("description", fleet.description);
    members.integer("devices", fleet.devices);
    members.integer("tenants", fleet.tenants);
    members.number("time_zone_hours", fleet.time_zone_hours);
    members.number("starts_at_hour", fleet.starts_at_hour);
    members.duration("cache_lag_max", fleet.cache_lag_max);
    members.duration("install_max", fleet.install_max);
    members.duration("report_delay_max", fleet.report_delay_max);
    members.number("activation_loss", fleet.activation_loss);
    members.number("crash_rate_per_hour", fleet.crash_rate_per_hour);
    if (!members.done()) return fail(members.done().error());

    if (fields->has("rings")) {
        const Result<const json::array*> rings = fields->array("rings");
        if (!rings) return fail(rings.error());
        for (const json::value& element : **rings) {
            if (auto read = read_ring(element, fleet); !read) return fail(read.error());
        }
    }
    for (const auto& [name, parts] :
         {std::pair("kinds", &fleet.kinds), std::pair("systems", &fleet.systems),
          std::pair("sensors", &fleet.sensors)}) {
        if (!fields->has(name)) continue;
        Result<std::vector<FleetPart>> parsed = parse_parts(*fields, name);
        if (!parsed) return fail(parsed.error());
        *parts = std::move(*parsed);
    }
    return fleet;
}

Result<std::vector<std::int64_t>> ring_sizes(const FleetModel& fleet, const rollout::Plan& plan) {
    std::vector<std::int64_t> sizes(plan.rings.size(), 0);
    std::int64_t left = fleet.devices;
    std::size_t last = 0;
    for (std::size_t i = 0; i < plan.rings.size(); ++i) {
        if (plan.rings[i].name == plan.default_ring) last = i;
    }
    for (const auto& [name, count] : fleet.rings) {
        const auto ring = std::ranges::find(plan.rings, name, &rollout::Ring::name);
        if (ring == plan.rings.end()) {
            return fail(Errc::kBadInput,
                        "fleet.rings." + name + ": the plan '" + plan.name + "' has no such ring");
        }
        const double devices = count < 1 ? count * static_cast<double>(fleet.devices) : count;
        const auto whole = static_cast<std::int64_t>(devices);
        sizes[static_cast<std::size_t>(ring - plan.rings.begin())] = whole;
        left -= whole;
    }
    if (left < 0) {
        return fail(Errc::kBadInput, "fleet.rings: more devices than the fleet has (" +
                                         std::to_string(fleet.devices) + ")");
    }
    sizes[last] += left;
    return sizes;
}

}  // namespace firebreak::cli
