#include "server/rollout/segment_values.hpp"

namespace firebreak::server {
namespace {

std::string value_of(const std::string& axis, const Device& device) {
    constexpr std::size_t kBuildDigits = 16;
    if (axis == "tenant") return device.tenant;
    if (axis == "sensor") return device.engine_build.hex().substr(0, kBuildDigits);
    const json::value* said = device.attributes.if_contains(axis);
    return said != nullptr && said->is_string() ? std::string(said->get_string()) : std::string();
}

}  // namespace

std::vector<std::string> segment_values(const rollout::SegmentRules& rules, const Device& device) {
    std::vector<std::string> values;
    values.reserve(rules.by.size());
    for (const std::string& axis : rules.by) values.push_back(value_of(axis, device));
    return values;
}

rollout::Activated activation_of(const Device& device, const rollout::Plan& plan) {
    return {device.id, device.tenant, device.ring, segment_values(plan.segments, device)};
}

}  // namespace firebreak::server
