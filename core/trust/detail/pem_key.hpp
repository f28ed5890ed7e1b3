#pragma once

#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak::trust::detail {

/// The key types that TUF writes as PEM, verified by OpenSSL.
enum class PemKeyType { kEcdsaP256, kRsaPss };

struct PemKey {
    Bytes spki;      ///< DER SubjectPublicKeyInfo, as it came.
    Bytes identity;  ///< The curve point, or the RSA modulus: whoever can sign for one can for all.
};

/// Reads one PEM "PUBLIC KEY" block and nothing around it.
///
/// @returns the key, or Errc::kMalformed: not such a block, not a key of `type`, an elliptic curve
///   other than the named P-256, or an RSA modulus outside 2048 to 8192 bits (the upper bound keeps
///   one signature check cheap).
[[nodiscard]] Result<PemKey> parse_pem_key(std::string_view pem, PemKeyType type);

/// True when `signature` is over `message`: ECDSA with SHA-256 as DER, or RSASSA-PSS with SHA-256
/// in
/// hash and mask and a salt of any length (RFC 8017, 8.1).
///
/// @pre `spki` came from parse_pem_key with the same `type`.
bool verifies(PemKeyType type, ByteView spki, ByteView message, ByteView signature);

}  // namespace firebreak::trust::detail
