#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "sensor/sigma/compiler/field_key.hpp"
#include "sensor/sigma/compiler/pattern.hpp"

namespace firebreak::sigma {

/// Caps on what one value may become.
inline constexpr std::size_t kWindashVariantsMax = 3125;  ///< Five dashes in one value.

/// `value` after the modifiers of `key`, in their order: one pattern, or those it can be.
[[nodiscard]] tl::expected<std::vector<Pattern>, Refusal> transformed(std::string_view value,
                                                                      const FieldKey& key);

struct Network {
    Bytes bytes;  ///< 4 or 16.
    std::uint8_t prefix_bits = 0;
};

/// "10.0.0.0/8", "fe80::/10"; one address alone is a network of one.
[[nodiscard]] tl::expected<Network, Refusal> parse_network(std::string_view text);

}  // namespace firebreak::sigma
