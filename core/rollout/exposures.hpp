#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"

namespace firebreak::rollout {

enum class DeviceOutcome : std::uint8_t { kPending, kConfirmed, kFailed };

/// One device on the new content. A device is counted once, whatever it reports how often.
///
/// There is one for each device of a fleet, so it is small: names are numbers
/// (Rollout::segments() and the plan's rings say which).
struct Exposure {
    Instant activated;
    Instant resolved;         ///< When it was confirmed or failed.
    std::uint32_t group = 0;  ///< Its tenant and segments: Segments::Group.
    std::uint8_t ring = 0;
    DeviceOutcome outcome = DeviceOutcome::kPending;
    bool crashed : 1 = false;         ///< Failed by a crash, a rollback or a refusal: final.
    bool silent : 1 = false;          ///< Failed by the deadline alone: a late HEALTHY undoes it.
    bool once_confirmed : 1 = false;  ///< Was healthy at some time: fills the window no longer.
    bool forgiven : 1 = false;  ///< Failed, and people went on after that; until it tries again.
    friend bool operator==(const Exposure&, const Exposure&) = default;
};
static_assert(sizeof(Exposure) == 24);

/// A device in a rollout: SipHash-2-4 of its id, 128 bits, a tenth of what a SHA-256 costs. Ids are
/// given out by the server, at random, so that nobody chooses two that collide. It is never written
/// down.
using DeviceKey = std::array<std::uint8_t, 16>;

DeviceKey key_of(std::string_view device_id);

/// Every device that a rollout let in, in the order in which they came: 42 bytes for each, and 9 to
/// 12 for its place in an index. Both grow without a device being moved, so that there is neither a
/// long pause nor twice the memory at a fleet of millions.
///
/// Thread safety: none.
/// Tests: tests/unit/core/rollout/exposures_test.cpp
class Exposures {
public:
    /// A device by its number, from 0 in the order in which they were let in; it never changes.
    using Place = std::uint32_t;
    struct Entry {
        DeviceKey device{};
        Exposure exposure{};
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    /// nullptr when the device was never let in.
    const Exposure* find(std::string_view device_id) const;
    bool contains(std::string_view device_id) const { return find(device_id) != nullptr; }
    std::optional<Place> place_of(const DeviceKey& device) const;

    /// @pre `place` is one that place_of or add gave.
    const Exposure& at(Place place) const { return entries_[place].exposure; }
    Exposure& at(Place place) { return entries_[place].exposure; }

    /// @pre `device` is not there yet.
    Place add(const DeviceKey& device, const Exposure& exposure);

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    const std::deque<Entry>& entries() const { return entries_; }

    /// The same devices with the same exposures, whoever came first.
    friend bool operator==(const Exposures& a, const Exposures& b) { return a.same_as(b); }

private:
    /// Of an open-addressed table with linear probing: a piece of the device's key, which says
    /// where it belongs, and its place plus one; 0 is an empty slot. So looking somebody up touches
    /// one entry, and a larger table is made without touching any.
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t place_plus_one = 0;
    };

    static std::uint32_t tag_of(const DeviceKey& device);
    static void put(std::vector<Slot>& slots, Slot slot);
    bool same_as(const Exposures& other) const;

    std::deque<Entry> entries_;
    std::vector<Slot> slots_;
};

}  // namespace firebreak::rollout
