#pragma once

#include <array>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/access/placement.hpp"
#include "server/access/token.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// The body of POST /v1/enrol, read.
struct EnrolmentRequest {
    std::string token_text;
    Bytes public_key;  ///< 32 bytes.
    Bytes signature;   ///< 64 bytes.
    Sha256 engine_build;
    json::object attributes;  ///< Short strings, for people.
};

/// @returns Errc::kMalformed or kInvalid with the member's path.
[[nodiscard]] Result<EnrolmentRequest> parse_enrolment(const json::value& body);

/// Whether the sender has the private half of the public key (health::enrolment_message).
bool proves_key(const EnrolmentRequest& request);

/// The id a key gets: "d-" and 32 hexadecimal digits of its SHA-256. A function of the key, so that
/// enrolling twice gives one device.
std::string device_id_of(ByteView public_key);

/// What places a device whose token names no ring.
struct PlacementGround {
    const PlacementRules& rules;
    const SignedRings& rings;
};

/// Spends one use of the token and writes the device down, in the tenant of the token and in its
/// ring; when it names none, in the one that place() says. What the device says of itself decides
/// nothing: it could say itself into an early ring, or out of the one that finds out first.
///
/// A key that is enrolled already keeps its device, ring and tenant, and spends nothing, when the
/// token is valid or is the very one it enrolled with: an agent whose answer got lost asks again.
///
/// @pre proves_key(request).
/// @returns the device, or Errc::kDenied for an unknown, expired or spent token, a wrong secret, or
///   a device that was revoked, or place()'s error.
[[nodiscard]] Result<Device> enrol(Store& store, const PlacementGround& ground,
                                   const EnrolmentRequest& request, Instant now);

}  // namespace firebreak::server
