#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace firebreak::sigma {

/// An address of the Internet Protocol.
struct Address {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t length = 0;  ///< 4 or 16.
};

/// Reads an address as systems write it: dotted decimal, or RFC 4291 with an optional zone
/// ("fe80::1%3"), which is left out. An IPv4 address in IPv6 dress (::ffff:10.0.0.1) is the IPv4
/// address: that is what a network of a rule means.
std::optional<Address> parse_address(std::string_view text);

/// Whether the address is in the network, which is of the same length or does not hold it.
///
/// @param network  4 or 16 bytes, zero past `prefix_bits`.
bool inside(const Address& address, std::span<const std::uint8_t> network, unsigned prefix_bits);

}  // namespace firebreak::sigma
