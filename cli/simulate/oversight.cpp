#include "cli/simulate/oversight.hpp"

#include <utility>

#include "core/base/check.hpp"
#include "core/calendar/calendar.hpp"

namespace firebreak::cli {

std::vector<rollout::EventBody> approvals_of(const rollout::Plan& plan) {
    std::vector<rollout::EventBody> approvals;
    // Of each ring by the people of all rings before it, too: those may be empty, and skipped.
    for (std::size_t index = 0; index < plan.rings.size(); ++index) {
        for (std::size_t earlier = 0; earlier <= index; ++earlier) {
            const rollout::Ring& ring = plan.rings[earlier];
            for (std::size_t i = 0; std::cmp_less(i, ring.approvals); ++i) {
                const std::string person =
                    ring.approvers.empty() ? std::to_string(i) : ring.approvers[i];
                approvals.emplace_back(rollout::Approved{person, plan.rings[index].name, ""});
            }
        }
    }
    return approvals;
}

std::optional<rollout::FreezeSeen> next_freeze_of(const rollout::Rollout& rollout, Instant now) {
    if (rollout.plan().freezes.empty()) return std::nullopt;
    if (rollout.freeze() && now < rollout.freeze()->until) return std::nullopt;
    auto next = calendar::next_freeze(rollout.plan().freezes, now);
    FIREBREAK_CHECK(next.has_value());  // read_plan() has tried its zones.
    if (!*next) return std::nullopt;
    return rollout::FreezeSeen{std::move((*next)->name), (*next)->from, (*next)->until};
}

}  // namespace firebreak::cli
