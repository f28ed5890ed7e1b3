#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "cli/simulate/devices.hpp"

namespace firebreak::cli {

/// A ring's devices, in the order of their buckets.
struct Line {
    struct Place {
        std::uint32_t bucket;
        Device device;
        auto operator<=>(const Place&) const = default;
    };
    Device first = 0;  ///< The ring's devices are numbered on from here.
    std::int64_t size = 0;
    std::vector<Place> places{};  ///< Made when the ring opens.
    std::size_t exposed = 0;      ///< Of the places.

    // Of those that run the release.
    std::int64_t heard = 0;
    std::int64_t missed = 0;  ///< For silent_after.
    std::int64_t lost = 0;    ///< Missed since the last count.
};

}  // namespace firebreak::cli
