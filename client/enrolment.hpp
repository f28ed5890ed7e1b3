#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "client/device_identity.hpp"
#include "client/server_link.hpp"
#include "core/base/digest.hpp"
#include "core/health/report.hpp"

namespace firebreak::client {

/// What a device says of itself: "os", "architecture", "host", as docs/api.md names them.
using health::Attributes;

/// The body of POST /v1/enrol (docs/api.md). Holds the token: wipe it after use.
std::string enrolment_body(const DeviceKey& key, std::string_view token, const Sha256& engine_build,
                           const Attributes& attributes);

/// The token in a file's bytes: its first line, without the white space around it.
/// @returns Errc::kInvalid for an empty one, or one with white space or other than printable ASCII.
[[nodiscard]] Result<std::string> parse_token(ByteView file);

/// Enrols, once. @returns the identity to keep; Errc::kDenied for a token that is spent, expired or
/// wrong; any other error of the way.
[[nodiscard]] boost::asio::awaitable<Result<Identity>> enrol(ServerLink& link, std::string body);

}  // namespace firebreak::client
