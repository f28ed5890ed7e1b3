#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "core/rollout/rollout.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// The part "drill" of the configuration: where fire drills happen. A drill is a release that is
/// reported sick on purpose, by devices that are made for it, to see that the halt comes. It is
/// real in everything but its reach: none of its devices has to do with another stream, and no
/// other device with its stream.
struct DrillRules {
    std::string stream;  ///< All of its releases are drills.
    std::string tenant;  ///< All of its devices are made for drills.
    std::string ring;    ///< The one ring of such a release: the vendor's own.
};

/// Whether devices of `tenant` have to do with `stream`: those of drills with that of drills alone.
bool concerns(const std::optional<DrillRules>& drill, std::string_view tenant,
              std::string_view stream);

/// Whom a count for `stream` takes in: those whom it concerns.
Population population_of(const std::optional<DrillRules>& drill, std::string_view stream);

/// How the newest drill went, as the log has it.
struct DrillResult {
    std::int64_t counter = 0;
    rollout::Phase phase = rollout::Phase::kReady;
    bool passed = false;  ///< It is halted, and evidence did it: nobody ordered the halt.
    Instant published;
    std::optional<std::chrono::milliseconds> halted_after;  ///< The first activation.
};

/// As GET /v1/drill answers it. @param last  Nothing: none was held yet.
json::object drill_view(const DrillRules& drill, const std::optional<DrillResult>& last);

/// The lines of /metrics; those of a drill that was never held say so, by a time of 0.
std::string drill_metrics(const std::optional<DrillResult>& last);

}  // namespace firebreak::server
