#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/digest.hpp"

namespace firebreak::rollout {

inline constexpr std::int64_t kPpbAll = 1'000'000'000;

/// A device's place in the queue for one bundle, in [0, kPpbAll): the first 8 bytes (big-endian) of
/// SHA-256(bundle digest || device id), scaled to parts per billion (multiply-shift, no modulo
/// bias that matters: 2^64 against 1e9). The device is exposed while bucket < threshold.
///
/// The salt is the bundle's digest, which is signed offline: nobody can grind it to pick a victim,
/// every release shuffles who goes first, and raising the threshold keeps everybody already in.
std::int64_t bucket(const Sha256& bundle, std::string_view device_id);

}  // namespace firebreak::rollout
