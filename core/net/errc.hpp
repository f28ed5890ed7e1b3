#pragma once

#include <system_error>

namespace firebreak::net {

/// Why a request had no answer to work with. A status such as 404 is an answer, not an error. The
/// numbers go into logs and reports: add at the end, never renumber.
enum class Errc {
    kBadUrl = 1,       ///< Not https://host[:port][/path].
    kTooLarge = 2,     ///< The body is longer than the caller allows.
    kTimedOut = 3,     ///< A deadline passed.
    kTls = 4,          ///< Certificate or handshake refused; never retried without TLS.
    kConnection = 5,   ///< Could not connect, or the connection broke.
    kBadResponse = 6,  ///< Not HTTP, truncated, or over the header limit.
    kBadRequest = 7,   ///< A method, target or header that would not be one HTTP message.
};

std::error_code make_error_code(Errc code) noexcept;

}  // namespace firebreak::net

template <>
struct std::is_error_code_enum<firebreak::net::Errc> : std::true_type {};
