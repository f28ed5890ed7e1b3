#pragma once

#include <chrono>
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

/// The shortest MAC key that is taken; derive_mac_key makes 32 bytes.
inline constexpr std::size_t kMacKeyBytesMin = 16;
inline constexpr std::size_t kKeyIdBytesMax = 128;

/// What is signed: a request as sender and receiver both see it. Refers to what it is given.
struct Message {
    std::string_view method;  ///< Upper-case letters: "POST".
    std::string_view path;    ///< Absolute, as sent, without a query: "/v1/reports".
    ByteView body;
};

/// @pre method and path have the form above; key_id is 1..kKeyIdBytesMax printable ASCII
///   characters, none of them a space, '"' or '\\'; mac_key is at least kMacKeyBytesMin long.
SignedHeaders sign_message(const Message& message, std::string_view key_id, ByteView mac_key,
                           std::chrono::sys_seconds created);

/// Who says to have signed: to look up the key with. Nothing about it is proven yet.
/// @returns Errc::kMalformed unless the whole header has the one form.
[[nodiscard]] Result<std::string> claimed_key_id(std::string_view signature_input);

/// @returns success when `headers` are a valid signature by `mac_key` over exactly this message:
///   - Errc::kMalformed  a header of another form (another order, component, algorithm, label;
///                       white space; a second signature), or a method or path that no request has
///   - Errc::kDenied     the wrong digest or MAC, or a key too short to be one
///   `created` is signed but not judged: a report may wait long for its network, and a repeat is
///   harmless by the report's sequence number.
[[nodiscard]] Result<void> verify_message(const Message& message, const SignedHeaders& headers,
                                          ByteView mac_key);

/// A device's MAC key: HMAC-SHA-256(server secret, "firebreak-device-mac-v1" || 0 || device id).
/// Derived, so that the server stores none.
///
/// @pre server_secret is at least kMacKeyBytesMin long.
Bytes derive_mac_key(ByteView server_secret, std::string_view device_id);

}  // namespace firebreak::health
