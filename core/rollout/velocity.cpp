#include "core/rollout/velocity.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::rollout {
namespace {

constexpr std::array<std::pair<std::string_view, Velocity>, 4> kVelocities{
    {{"routine", Velocity::kRoutine},
     {"urgent", Velocity::kUrgent},
     {"emergency", Velocity::kEmergency},
     {"lab", Velocity::kLab}}};

}  // namespace

std::string_view name_of(Velocity velocity) {
    for (const auto& [name, known] : kVelocities) {
        if (known == velocity) return name;
    }
    check_failed("a velocity", __FILE__, __LINE__);
}

std::optional<Velocity> velocity_named(std::string_view name) {
    for (const auto& [known, velocity] : kVelocities) {
        if (known == name) return velocity;
    }
    return std::nullopt;
}

milliseconds bake_floor_min(Velocity velocity, milliseconds silence_deadline, bool last_ring) {
    constexpr std::chrono::minutes kRoutine{15};
    constexpr std::chrono::minutes kUrgent{5};
    constexpr std::chrono::minutes kEmergency{2};
    if (velocity == Velocity::kLab) return milliseconds{0};
    if (last_ring || velocity == Velocity::kRoutine) return kRoutine;
    return velocity == Velocity::kUrgent ? milliseconds{kUrgent}
                                         : std::max<milliseconds>(kEmergency, silence_deadline);
}

Result<void> check_floors(const Plan& plan) {
    for (std::size_t i = 0; i < plan.rings.size(); ++i) {
        const bool last = i + 1 == plan.rings.size();
        const milliseconds least = bake_floor_min(plan.velocity, plan.silence_deadline, last);
        if (plan.rings[i].bake_floor >= least) continue;
        return fail(Errc::kInvalid, "plan.rings[" + std::to_string(i) +
                                        "].bake_floor: must be at least " + format_duration(least) +
                                        " in a plan of velocity " +
                                        std::string(name_of(plan.velocity)));
    }
    if (plan.velocity == Velocity::kEmergency && plan.rings.front().approvals == 0) {
        return fail(Errc::kInvalid,
                    "plan.rings[0].approvals: must be there in an emergency: it takes two people, "
                    "one of them not the publisher");
    }
    return {};
}

}  // namespace firebreak::rollout
