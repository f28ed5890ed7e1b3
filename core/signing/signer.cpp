#include "core/signing/signer.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.hpp"

namespace firebreak::signing {

Ed25519Signer::Ed25519Signer(SecretBytes seed, SecretBytes secret_key, trust::Key key)
    : seed_(std::move(seed)), secret_key_(std::move(secret_key)), key_(std::move(key)) {}

Ed25519Signer Ed25519Signer::generate(Random& random) {
    SecretBytes seed(crypto_sign_SEEDBYTES);
    random.fill(seed.writable());
    return from_seed(seed);
}

Ed25519Signer Ed25519Signer::from_seed(const SecretBytes& seed) {
    FIREBREAK_CHECK(seed.size() == crypto_sign_SEEDBYTES);
    FIREBREAK_CHECK(sodium_init() >= 0);
    SecretBytes own_seed(crypto_sign_SEEDBYTES);
    std::ranges::copy(seed.view(), own_seed.writable().begin());
    SecretBytes secret_key(crypto_sign_SECRETKEYBYTES);
    std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
    crypto_sign_seed_keypair(public_key.data(), secret_key.writable().data(), seed.view().data());
    return {std::move(own_seed), std::move(secret_key), trust::Key::ed25519(public_key)};
}

Result<Bytes> Ed25519Signer::sign(ByteView message) const {
    Bytes signature(crypto_sign_BYTES);
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                         secret_key_.view().data());
    return signature;
}

}  // namespace firebreak::signing
