#include "server/rollout/ring_roster.hpp"

#include <algorithm>

#include "server/rollout/content_terms.hpp"

namespace firebreak::server {
namespace {

/// A ring of several steps has the place of its first.
void add_new(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

Result<SignedRings> RingRoster::read(Store& store, const std::vector<const rollout::Rollout*>& live,
                                     const std::optional<DrillRules>& drill) {
    std::vector<rollout::RolloutId> of;
    for (const rollout::Rollout* rollout : live) of.push_back(rollout->id());
    if (of == of_) return rings_;

    Result<std::vector<Release>> releases = store.newest_releases();
    if (!releases) return fail(releases.error());
    if (drill) {
        std::erase_if(*releases,
                      [&](const Release& release) { return release.id.stream == drill->stream; });
    }
    std::ranges::stable_sort(*releases, {}, &Release::published);
    const Result<Bytes> content_role = store.content_role();
    if (!content_role) return fail(content_role.error());
    std::vector<std::string> targets;
    for (const Release& release : *releases) targets.push_back(release.target);
    const auto terms = content_terms(*content_role, targets);
    if (!terms) return fail(terms.error());

    SignedRings rings;
    for (const trust::ContentTerms& each : *terms) {
        std::vector<std::string> order;
        for (const trust::CeilingStep& step : each.ceiling) add_new(order, step.ring);
        for (const std::string& ring : order) add_new(rings.names, ring);
        if (!order.empty()) rings.slowest = order.back();
    }
    of_ = std::move(of);
    rings_ = std::move(rings);
    return rings_;
}

}  // namespace firebreak::server
