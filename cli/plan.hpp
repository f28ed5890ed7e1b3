#pragma once

#include "cli/command.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::cli {

/// Reads and checks a ring plan (ring-configs/*.yaml). Errors carry file, line and member.
[[nodiscard]] Result<rollout::Plan> read_plan(const Context& context, const std::string& path);

/// Says whether the plan at `path` is valid, and what its rings are.
[[nodiscard]] Result<Output> check_plan(const Context& context, const std::string& path);

}  // namespace firebreak::cli
