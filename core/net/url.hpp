#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace firebreak::net {

/// Which schemes parse_url reads.
enum class Schemes {
    kHttpsOnly,
    kHttpToo,  ///< For conformance tests that bring a plain server. Never a default.
};

/// The base URL of a server: "https://updates.example.com:8443/stable/".
struct Url {
    bool tls = true;
    std::string host;  ///< In lower case; an IPv6 address without its brackets.
    std::uint16_t port = 443;
    std::string path;  ///< Empty or from its first '/', byte for byte as written: not normalised.

    /// "updates.example.com:8443", "[::1]:8443"; the scheme's own port is left out.
    std::string authority() const;

    /// The target of a request below this base: `path` without one trailing '/', then `target`.
    ///
    /// @returns Errc::kBadUrl unless `target` begins with '/' and is printable ASCII without '#'.
    [[nodiscard]] Result<std::string> target_for(std::string_view target) const;
};

/// Reads an absolute URL (RFC 3986) that names a server and a path, and nothing else.
///
/// @returns Errc::kBadUrl, and what is wrong, for another scheme, a user or password, a host that
///   is no DNS name, IPv4 or bracketed IPv6 address, a port outside 1 to 65535, a path with
///   characters
///   that must be encoded or a broken %XX, a query, a fragment, or more than 2048 bytes.
[[nodiscard]] Result<Url> parse_url(std::string_view text, Schemes schemes = Schemes::kHttpsOnly);

}  // namespace firebreak::net
