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
