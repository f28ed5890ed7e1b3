#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"

namespace firebreak::net {

/// A header name compares without case (RFC 9110, 5.1).
struct HeaderLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept;
};

/// Field names to values. Repeated fields are joined by ", " (RFC 9110, 5.3).
using Headers = std::map<std::string, std::string, HeaderLess>;

/// Compares without case, ASCII letters only.
bool equal_without_case(std::string_view a, std::string_view b) noexcept;

/// True for a token (RFC 9110, 5.6.2): what a method or a header name must be.
bool is_token(std::string_view text) noexcept;

/// True for what a header value may hold (RFC 9110, 5.5). Anything else, a line feed above all,
/// could smuggle a second header or message into the first.
bool is_field_value(std::string_view text) noexcept;

/// Plain values, so that only the files that move bytes need to see Beast.
struct Request {
    std::string method;  ///< "GET".
    std::string target;  ///< Path and query, as sent: "/v1/rollouts?limit=10".
    Headers headers;
    std::string body;
};

struct Response {
    unsigned status = 200;
    Headers headers;
    std::string body;
};

}  // namespace firebreak::net
