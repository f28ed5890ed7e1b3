#pragma once

#include <string>
#include <vector>

#include "core/rollout/event.hpp"
#include "core/rollout/plan.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// What a device is: for each of the plan's axes a value (rollout::Activated). "tenant" and
/// "sensor" (the first 16 digits of the engine build, as last heard) are known here; everything
/// else it said when it enrolled, and "" where it did not.
std::vector<std::string> segment_values(const rollout::SegmentRules& rules, const Device& device);

/// That of a device that may be let in.
rollout::Activated activation_of(const Device& device, const rollout::Plan& plan);

}  // namespace firebreak::server
