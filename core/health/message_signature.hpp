#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace firebreak::health {

/// HTTP Message Signatures (RFC 9421) with hmac-sha256, and Content-Digest (RFC 9530), in the one
/// form that devices use: covered components ("@method" "@path" "content-digest"), parameters
/// created, keyid, alg, label "fb". The message is authenticated, not the connection, so that a
/// relay can carry it.
struct SignedHeaders {
    std::string content_digest;  ///< Content-Digest: sha-256=:…:
    std::string signature_input;  ///< Signature-Input: fb=(…);created=…;keyid="…";alg="hmac-sha256"
    std::string signature;        ///< Signature: fb=:…:
};

SignedHeaders sign_message(std::string_view method, std::string_view path, ByteView body,
                           std::string_view key_id, ByteView mac_key,
                           std::chrono::sys_seconds created);

/// Who says to have signed: to look up the key with. @returns Errc::kMalformed.
[[nodiscard]] Result<std::string> claimed_key_id(std::string_view signature_input);

/// @returns success when `headers` are a valid signature by `mac_key` over exactly this message;
///   Errc::kMalformed for another form, Errc::kDenied for a wrong digest or MAC. `created` is not
///   judged: a report may wait long for its network.
[[nodiscard]] Result<void> verify_message(std::string_view method, std::string_view path,
                                          ByteView body, const SignedHeaders& headers,
                                          ByteView mac_key);

/// A device's MAC key: HMAC-SHA-256(server secret, "firebreak-device-mac-v1" || 0 || device id).
/// Derived, so that the server stores none.
Bytes derive_mac_key(ByteView server_secret, std::string_view device_id);

}  // namespace firebreak::health
