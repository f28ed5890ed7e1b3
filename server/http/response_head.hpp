#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.hpp"
#include "server/http/reply.hpp"

namespace firebreak::server {

/// What a session adds to a reply to make its head.
struct HeadFields {
    std::string request_id;
    Instant now;
    bool close = false;  ///< The connection ends with this answer.
};

/// True when `response` makes one answer and no more: a final status, and headers that neither
/// begin another header nor speak about framing, which is the session's.
bool can_be_sent(const net::Response& response);

/// False for answers that have neither a body nor its length (RFC 9110, 8.6).
bool has_length(unsigned status);

/// How long the body of `reply` is.
std::uint64_t length_of(const Reply& reply);

/// The status line and the fields, to the empty line. @pre can_be_sent(reply.response).
std::string response_head(const Reply& reply, const HeadFields& fields);

}  // namespace firebreak::server
