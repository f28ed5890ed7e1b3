#pragma once

#include <memory>

#include "core/base/random.hpp"
#include "core/base/secret.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::signing {

/// A private key that can sign and cannot be read. In a file today; the interface is what a token
/// (PKCS#11) can offer.
class Signer {
public:
    virtual ~Signer() = default;

    virtual const trust::Key& key() const = 0;
    [[nodiscard]] virtual Result<Bytes> sign(ByteView message) const = 0;
};

/// Ed25519 (RFC 8032) by libsodium.
class Ed25519Signer final : public Signer {
public:
    static Ed25519Signer generate(Random& random);

    /// @param seed  32 bytes. @pre its size.
    static Ed25519Signer from_seed(const SecretBytes& seed);

    const trust::Key& key() const override { return key_; }
    Result<Bytes> sign(ByteView message) const override;

    /// For key files only.
    const SecretBytes& seed() const { return seed_; }

private:
    Ed25519Signer(SecretBytes seed, SecretBytes secret_key, trust::Key key);

    SecretBytes seed_;
    SecretBytes secret_key_;
    trust::Key key_;
};

/// `signed_part` signed by each of `signers`: a metadata file.
[[nodiscard]] Result<Bytes> sign_metadata(const json::value& signed_part,
                                          const std::vector<const Signer*>& signers);

/// Adds `signer`'s signature to a metadata file that travels from person to person. Replaces an
/// earlier one of the same key; every other byte that was signed stays as it is.
[[nodiscard]] Result<Bytes> add_signature(ByteView metadata, const Signer& signer);

}  // namespace firebreak::signing
