#pragma once

#include <optional>
#include <vector>

#include "core/rollout/rollout.hpp"

namespace firebreak::cli {

/// The approvals that a plan asks for: in a simulation people give them without delay.
std::vector<rollout::EventBody> approvals_of(const rollout::Plan& plan);

/// The freeze of the rollout's plan that is or comes next at `now`, when the rollout does not know
/// it yet: as the server looks it up, once the last one is over. @pre the plan's zones exist.
std::optional<rollout::FreezeSeen> next_freeze_of(const rollout::Rollout& rollout, Instant now);

}  // namespace firebreak::cli
