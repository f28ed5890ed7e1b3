#include "sensor/sigma/run/address.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace firebreak::sigma {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    text = text.substr(0, text.find('%'));
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size()) return std::nullopt;
    std::ranges::copy(text, terminated.begin());
    Address address;
    if (::inet_pton(AF_INET, terminated.data(), address.bytes.data()) == 1) {
        address.length = 4;
        return address;
    }
    if (::inet_pton(AF_INET6, terminated.data(), address.bytes.data()) != 1) return std::nullopt;
    address.length = 16;
    if (std::ranges::equal(std::span(address.bytes).first<12>(), kMapped)) {
        std::ranges::copy(std::span(address.bytes).last<4>(), address.bytes.begin());
        address.length = 4;
    }
    return address;
}

bool inside(const Address& address, std::span<const std::uint8_t> network, unsigned prefix_bits) {
    if (network.size() != address.length || prefix_bits > 8 * network.size()) return false;
    const unsigned whole = prefix_bits / 8;
    const unsigned rest = prefix_bits % 8;
    const auto bytes = std::span(address.bytes);
    if (!std::ranges::equal(bytes.first(whole), network.first(whole))) return false;
    if (rest == 0) return true;
    const unsigned mask = 0xFFU << (8 - rest);
    return (bytes[whole] & mask & 0xFFU) == network[whole];
}

}  // namespace firebreak::sigma
