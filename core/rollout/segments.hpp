#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/rollout/tally.hpp"

namespace firebreak::rollout {

/// The devices let in that are alike in one thing: one OS build, one sensor build.
struct Segment : Tally {
    std::size_t axis = 0;  ///< In which thing: of the plan's segments_by.
    std::string value;
    std::int64_t rank = 0;  ///< From 1, in the order in which those of its axis appeared.
    friend bool operator==(const Segment&, const Segment&) = default;
};

/// Of each axis: a device with one more value is of no segment there.
inline constexpr std::size_t kSegmentsMax = 4096;
/// Beyond these the tenants of devices count as one more, ""; beyond a quarter more they are of no
/// segment either.
inline constexpr std::size_t kGroupsMax = 262'144;

/// What the devices of a rollout are: whose, and of which segments. A device keeps one number for
/// all of it, that of its group, as there are millions of devices.
///
/// Thread safety: none.
/// Tests: tests/unit/core/rollout/segments_test.cpp
class Segments {
public:
    /// Of devices that have the tenant and all segments in common.
    using Group = std::uint32_t;

    /// @param axes  how many things segments are told apart by; 0: there are none.
    explicit Segments(std::size_t axes) : seen_(axes) {}

    /// The group of such a device, a new one if need be.
    /// @param values  what it is, one for each axis; what is missing is of no segment, what is too
    ///                much is ignored.
    Group group_of(const std::string& tenant, std::span<const std::string> values);

    /// That, if it was let in before.
    std::optional<Group> find_group(const std::string& tenant,
                                    std::span<const std::string> values) const;

    /// Tally::count, for all segments of `group`. @pre it is one that group_of gave.
    void count(Group group, const Exposure& exposure, std::chrono::milliseconds began,
               std::chrono::milliseconds resolved, std::int64_t sign);

    /// @pre `group` is one that group_of gave.
    std::uint32_t tenant_of(Group group) const { return groups_[group].tenant; }
    /// Numbers of segments, for at(). @pre likewise.
    std::span<const std::uint32_t> segments_of(Group group) const {
        return groups_[group].segments;
    }

    const Segment& at(std::size_t number) const { return segments_[number]; }
    /// Of which devices failed that nobody forgave.
    const std::set<std::uint32_t>& failing() const noexcept { return failing_; }

    /// nullptr when none of it was let in.
    const Segment* find(std::size_t axis, std::string_view value) const;

    /// In the order in which they appeared.
    const std::vector<Segment>& all() const noexcept { return segments_; }
    const std::vector<std::string>& tenants() const noexcept { return tenants_; }

    friend bool operator==(const Segments&, const Segments&) = default;

private:
    struct GroupEntry {
        std::uint32_t tenant = 0;
        std::vector<std::uint32_t> segments;
        friend bool operator==(const GroupEntry&, const GroupEntry&) = default;
    };
    using Numbers = std::unordered_map<std::string, std::uint32_t>;
    /// Groups are found by a hash of what they have in common: their names would be most of what
    /// they take, and a chase through memory for each device that comes.
    struct HashOfKey {
        std::size_t operator()(const DeviceKey& key) const noexcept;
    };

    DeviceKey key_of_group(std::string_view tenant, std::span<const std::string> values) const;
    std::uint32_t number_of_tenant(const std::string& tenant);

    std::vector<Numbers> seen_;  ///< By axis: the segment of each value.
    std::vector<Segment> segments_;
    std::vector<GroupEntry> groups_;
    std::unordered_map<DeviceKey, Group, HashOfKey> group_numbers_;
    std::set<std::uint32_t> failing_;
    std::vector<std::string> tenants_;
    Numbers tenant_numbers_;
};

}  // namespace firebreak::rollout
