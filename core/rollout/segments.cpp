#include "core/rollout/segments.hpp"

#include <algorithm>

namespace firebreak::rollout {
namespace {

/// Each part with its length before it, so that no two groups have the same.
void append_part(std::string& key, std::string_view part) {
    key += std::to_string(part.size()) + ":";
    key += part;
}

}  // namespace

Segments::Group Segments::group_of(const std::string& tenant, std::span<const std::string> values) {
    values = values.first(std::min(values.size(), seen_.size()));
    std::string key;
    append_part(key, tenant);
    for (const std::string& value : values) append_part(key, value);
    const auto known = group_numbers_.find(key);
    if (known != group_numbers_.end()) return known->second;
    if (groups_.size() >= kGroupsMax && !tenant.empty()) return group_of("", values);
    if (groups_.size() >= kGroupsMax + kGroupsMax / 4 && !values.empty()) return group_of("", {});

    GroupEntry entry{.tenant = number_of_tenant(tenant), .segments = {}};
    for (std::size_t axis = 0; axis < values.size(); ++axis) {
        Numbers& seen = seen_[axis];
        auto segment = seen.find(values[axis]);
        if (segment == seen.end()) {
            if (seen.size() >= kSegmentsMax) continue;
            segment =
                seen.emplace(values[axis], static_cast<std::uint32_t>(segments_.size())).first;
            Segment fresh;
            fresh.axis = axis;
            fresh.value = values[axis];
            fresh.rank = static_cast<std::int64_t>(seen.size());
            segments_.push_back(std::move(fresh));
        }
        entry.segments.push_back(segment->second);
    }
    groups_.push_back(std::move(entry));
    const auto number = static_cast<Group>(groups_.size() - 1);
    group_numbers_.emplace(std::move(key), number);
    return number;
}

std::uint32_t Segments::number_of_tenant(const std::string& tenant) {
    const auto next = static_cast<std::uint32_t>(tenants_.size());
    const auto [known, fresh] = tenant_numbers_.try_emplace(tenant, next);
    if (fresh) tenants_.push_back(tenant);
    return known->second;
}

const Segment* Segments::find(std::size_t axis, std::string_view value) const {
    if (axis >= seen_.size()) return nullptr;
    const auto found = seen_[axis].find(std::string(value));
    return found == seen_[axis].end() ? nullptr : &segments_[found->second];
}

}  // namespace firebreak::rollout
