// Any bytes as a fleet to simulate and as an incident. Property: what is read past its schema has
// shares that add up, and rings that hold every device of the fleet once.

#include <cmath>
#include <cstdint>
#include <numeric>

#include "cli/simulate/fleet_model.hpp"
#include "cli/simulate/incident.hpp"
#include "core/base/check.hpp"
#include "core/content/schema.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::cli;
    const Result<content::Document> document = content::read_yaml("x.yaml", text_of({data, size}));
    if (!document) return 0;
    if (content::require_schema("incident.v1", *document)) {
        const Result<Incident> incident = parse_incident(document->value);
        FIREBREAK_CHECK(!incident || (incident->share >= 0 && incident->share <= 1));
    }
    if (!content::require_schema("fleet-model.v1", *document)) return 0;
    const Result<FleetModel> fleet = parse_fleet_model(document->value);
    if (!fleet) return 0;
    double shares = 0;
    for (const FleetPart& part : fleet->kinds) shares += part.share;
    FIREBREAK_CHECK(std::abs(shares - 1) < 1e-3);

    rollout::Plan plan;
    for (const auto& [ring, devices] : fleet->rings) plan.rings.push_back({.name = ring});
    plan.rings.push_back({.name = "Default"});  // No name that a fleet can have.
    plan.default_ring = "Default";
    const Result<std::vector<std::int64_t>> sizes = ring_sizes(*fleet, plan);
    if (!sizes) return 0;
    for (const std::int64_t devices : *sizes) FIREBREAK_CHECK(devices >= 0);
    FIREBREAK_CHECK(std::reduce(sizes->begin(), sizes->end()) == fleet->devices);
    return 0;
}
