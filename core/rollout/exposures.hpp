#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/clock.hpp"

namespace firebreak::rollout {

enum class DeviceOutcome : std::uint8_t { kPending, kConfirmed, kFailed };

/// One device on the new content. A device is counted once, whatever it reports how often.
///
/// There is one for each device of a fleet, so it is small: names are numbers (Rollout::tenants()
/// and the plan's rings say which).
struct Exposure {
    Instant activated;
    Instant resolved;  ///< When it was confirmed or failed.
    std::uint32_t tenant = 0;
    std::uint8_t ring = 0;
    DeviceOutcome outcome = DeviceOutcome::kPending;
    bool crashed : 1 = false;         ///< Failed by a crash, a rollback or a refusal: final.
    bool silent : 1 = false;          ///< Failed by the deadline alone: a late HEALTHY undoes it.
    bool once_confirmed : 1 = false;  ///< Was healthy at some time: fills the window no longer.
    bool forgiven : 1 = false;  ///< Failed, and a person resumed after that; until it tries again.
    friend bool operator==(const Exposure&, const Exposure&) = default;
};
static_assert(sizeof(Exposure) == 24);

/// A device in a rollout: the first 16 bytes of the SHA-256 of its id. Ids are given out by the
/// server, at random, so that nobody chooses two that collide.
using DeviceKey = std::array<std::uint8_t, 16>;

DeviceKey key_of(std::string_view device_id);

struct DeviceKeyHash {
    using is_avalanching = void;  ///< A piece of a SHA-256 needs no more mixing.
    std::size_t operator()(const DeviceKey& key) const noexcept {
        std::size_t hash = 0;
        std::memcpy(&hash, key.data(), sizeof(hash));
        return hash;
    }
};

/// Every device that a rollout let in: 41 bytes for each place of an open-addressed table, 47 to 94
/// a device.
class Exposures {
public:
    using Map = boost::unordered_flat_map<DeviceKey, Exposure, DeviceKeyHash>;

    /// nullptr when the device was never let in.
    const Exposure* find(std::string_view device_id) const;
    bool contains(std::string_view device_id) const { return find(device_id) != nullptr; }
    std::size_t size() const { return map_.size(); }
    bool empty() const { return map_.empty(); }

    Map& map() { return map_; }
    const Map& map() const { return map_; }

    friend bool operator==(const Exposures&, const Exposures&) = default;

private:
    Map map_;
};

}  // namespace firebreak::rollout
