#pragma once

#include "core/signing/signer.hpp"

namespace firebreak::signing {

/// Dead Simple Signing Envelope,
/// https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md: signatures over
/// PAE(payloadType, payload), so that neither can be mistaken for the other.

struct DsseEnvelope {
    std::string payload_type;
    Bytes payload;
    std::vector<trust::Signature> signatures;
};

/// "DSSEv1 <len> <type> <len> <payload>".
Bytes pre_authentication_encoding(std::string_view payload_type, ByteView payload);

/// The JSON envelope, signed by each of `signers`.
[[nodiscard]] Result<Bytes> sign_dsse(std::string_view payload_type, ByteView payload,
                                      const std::vector<const Signer*>& signers);

[[nodiscard]] Result<DsseEnvelope> parse_dsse(ByteView bytes);

/// @returns the payload when at least `threshold` distinct keys of `trusted` signed; key ids are a
///   hint and never trusted. Else trust::Errc::kThresholdNotMet.
[[nodiscard]] Result<Bytes> verify_dsse(const DsseEnvelope& envelope,
                                        const std::vector<trust::Key>& trusted, int threshold);

}  // namespace firebreak::signing
