#include "core/rollout/exposures.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"

namespace firebreak::rollout {
namespace {

/// Of every hundred slots so many are taken at most; a table that is full grows by a quarter. More
/// free ones would cost memory, and these are looked through eight to a cache line.
constexpr std::size_t kTakenMost = 85;
constexpr std::size_t kSlotsLeast = 16;

/// Where `tag` belongs: tags are uniform (a piece of a hash), and keep their order in a table of
/// any size, so that one is copied into a larger one from front to back.
std::size_t home_of(std::uint32_t tag, std::size_t slots) {
    return static_cast<std::size_t>((std::uint64_t{tag} * slots) >> 32U);
}

}  // namespace

DeviceKey key_of(std::string_view device_id) {
    static_assert(sizeof(DeviceKey) == crypto_shorthash_siphashx24_BYTES);
    // Any will do: it is no secret, and the same in every run.
    static constexpr std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> kSipKey{};
    const ByteView id = bytes_of(device_id);
    DeviceKey key;
    // It cannot fail: it returns an int as all of libsodium does.
    (void)crypto_shorthash_siphashx24(key.data(), id.data(), id.size(), kSipKey.data());
    return key;
}

std::uint32_t Exposures::tag_of(const DeviceKey& device) {
    std::uint32_t tag = 0;
    std::memcpy(&tag, device.data(), sizeof(tag));
    return tag;
}

const Exposure* Exposures::find(std::string_view device_id) const {
    const std::optional<Place> place = place_of(key_of(device_id));
    return place ? &at(*place) : nullptr;
}

std::optional<Exposures::Place> Exposures::place_of(const DeviceKey& device) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t tag = tag_of(device);
    for (std::size_t i = home_of(tag, slots_.size()); slots_[i].place_plus_one != 0;) {
        const Slot slot = slots_[i];
        const Place place = slot.place_plus_one - 1;
        if (slot.tag == tag && entries_[place].device == device) return place;
        if (++i == slots_.size()) i = 0;
    }
    return std::nullopt;
}

void Exposures::put(std::vector<Slot>& slots, Slot slot) {
    std::size_t i = home_of(slot.tag, slots.size());
    while (slots[i].place_plus_one != 0) {
        if (++i == slots.size()) i = 0;
    }
    slots[i] = slot;
}

Exposures::Place Exposures::add(const DeviceKey& device, const Exposure& exposure) {
    FIREBREAK_CHECK(entries_.size() < std::numeric_limits<Place>::max());
    if ((entries_.size() + 1) * 100 > slots_.size() * kTakenMost) {
        std::vector<Slot> larger(std::max(kSlotsLeast, slots_.size() + slots_.size() / 4));
        for (const Slot slot : slots_) {
            if (slot.place_plus_one != 0) put(larger, slot);
        }
        slots_ = std::move(larger);
    }
    const auto place = static_cast<Place>(entries_.size());
    entries_.push_back({device, exposure});
    put(slots_, {.tag = tag_of(device), .place_plus_one = place + 1});
    return place;
}

bool Exposures::same_as(const Exposures& other) const {
    if (entries_ == other.entries_) return true;
    return entries_.size() == other.entries_.size() &&
           std::ranges::all_of(entries_, [&other](const Entry& entry) {
               const std::optional<Place> place = other.place_of(entry.device);
               return place && other.at(*place) == entry.exposure;
           });
}

}  // namespace firebreak::rollout
