#include "core/rollout/cohort.hpp"

#include <string>

#include "core/base/bytes.hpp"

namespace firebreak::rollout {

std::int64_t bucket(const Sha256& bundle, std::string_view device_id) {
    std::string salted(text_of(bundle.bytes));
    salted += device_id;
    const Sha256 digest = sha256(bytes_of(salted));

    std::uint64_t draw = 0;
    for (std::size_t i = 0; i < 8; ++i) draw = (draw << 8U) | digest.bytes.at(i);

    // (draw * kPpbAll) >> 64 by halves; 64-bit arithmetic alone is enough as kPpbAll < 2^32.
    constexpr auto kAll = static_cast<std::uint64_t>(kPpbAll);
    const std::uint64_t low = (draw & 0xFFFF'FFFFU) * kAll;
    const std::uint64_t high = (draw >> 32U) * kAll;
    return static_cast<std::int64_t>((high + (low >> 32U)) >> 32U);
}

}  // namespace firebreak::rollout
