#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/base/error.hpp"

namespace firebreak::rollout {

struct Plan;

/// How fast a plan may be. Each has a floor that no plan of it goes under.
enum class Velocity {
    kRoutine,  ///< Every bake at least 15 min.
    kUrgent,   ///< At least 5 min.
    /// At least the silence deadline and 2 min; one who did not publish it approves first.
    kEmergency,
    kLab,  ///< No floor: for machines that nobody works with. A server may refuse it.
};

std::string_view name_of(Velocity velocity);

/// The reverse of name_of.
std::optional<Velocity> velocity_named(std::string_view name);

/// The shortest bake that a ring of `velocity` may have: the time in which what a release silences
/// is known. The last ring's is the routine one whatever the velocity but in a lab: what was
/// hurried becomes last-known-good no sooner.
std::chrono::milliseconds bake_floor_min(Velocity velocity,
                                         std::chrono::milliseconds silence_deadline,
                                         bool last_ring);

/// Whether `plan` keeps the floors of its velocity. For a new plan: one that was published under
/// other floors is still read.
///
/// @returns Errc::kInvalid with the member's path.
[[nodiscard]] Result<void> check_floors(const Plan& plan);

}  // namespace firebreak::rollout
