#include "core/rollout/segments.hpp"

#include <algorithm>
#include <cstring>

namespace firebreak::rollout {
namespace {

/// Each part with its length before it, so that no two groups have the same.
void append_part(std::string& key, std::string_view part) {
    const auto size = static_cast<std::uint32_t>(part.size());
    for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(size >> shift & 0xFFU);
    key += part;
}

}  // namespace

std::size_t Segments::HashOfKey::operator()(const DeviceKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof(hash));
    return hash;
}

DeviceKey Segments::key_of_group(std::string_view tenant,
                                 std::span<const std::string> values) const {
    std::string key;
    key.reserve(256);
    append_part(key, tenant);
    for (const std::string& value : values) append_part(key, value);
    return key_of(key);
}

std::optional<Segments::Group> Segments::find_group(const std::string& tenant,
                                                    std::span<const std::string> values) const {
    values = values.first(std::min(values.size(), seen_.size()));
    const auto known = group_numbers_.find(key_of_group(tenant, values));
    if (known == group_numbers_.end()) return std::nullopt;
    return known->second;
}

Segments::Group Segments::group_of(const std::string& tenant, std::span<const std::string> values) {
    values = values.first(std::min(values.size(), seen_.size()));
    const DeviceKey key = key_of_group(tenant, values);
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
    group_numbers_.emplace(key, number);
    return number;
}

void Segments::count(Group group, const Exposure& exposure, std::chrono::milliseconds began,
                     std::chrono::milliseconds resolved, std::int64_t sign) {
    for (const std::uint32_t number : groups_[group].segments) {
        Segment& segment = segments_[number];
        segment.count(exposure, began, resolved, sign);
        if (exposure.outcome != DeviceOutcome::kFailed) continue;
        if (segment.crashed + segment.silent > 0) {
            failing_.insert(number);
        } else {
            failing_.erase(number);
        }
    }
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
