#include "server/access/placement.hpp"

#include <algorithm>
#include <optional>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// The ring of the first rule that has one of `wanted` in its list `names`.
std::optional<Placed> first_match(const PlacementRules& rules, const SignedRings& known,
                                  std::vector<std::string> PlacementRule::*names, PlacedBy by,
                                  const std::vector<std::string>& wanted) {
    for (const PlacementRule& rule : rules.rules) {
        if (!known.names.empty() && !holds(known.names, rule.ring)) continue;
        for (const std::string& name : wanted) {
            if (holds(rule.*names, name)) return Placed{rule.ring, {by, name}};
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Placed> place(const PlacementRules& rules, const SignedRings& known,
                     const Newcomer& newcomer) {
    auto placed =
        first_match(rules, known, &PlacementRule::devices, PlacedBy::kDevice, {newcomer.device});
    if (!placed) {
        placed = first_match(rules, known, &PlacementRule::tags, PlacedBy::kTag, newcomer.tags);
    }
    if (!placed) {
        placed = first_match(rules, known, &PlacementRule::tenants, PlacedBy::kTenant,
                             {newcomer.tenant});
    }
    if (placed) return std::move(*placed);
    if (!known.slowest.empty()) return Placed{known.slowest, {PlacedBy::kDefault, ""}};
    if (!rules.rings.empty()) return Placed{rules.rings.back(), {PlacedBy::kDefault, ""}};
    return fail(Errc::kNotFound,
                "no ring is known before the first release: name them in the configuration "
                "(placement.rings), or one in the enrolment token");
}

}  // namespace firebreak::server
