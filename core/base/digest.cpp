#include "core/base/digest.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak {

struct Sha256Stream::State {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                    &EVP_MD_CTX_free};
};

std::string Sha256::hex() const {
    return hex_encode(bytes);
}

Result<Sha256> Sha256::from_hex(std::string_view text) {
    const Result<Bytes> decoded = hex_decode(text);
    if (!decoded || decoded->size() != 32) {
        return fail(Errc::kMalformed, "a SHA-256 digest is 64 hexadecimal digits");
    }
    Sha256 digest;
    std::ranges::copy(*decoded, digest.bytes.begin());
    return digest;
}

namespace {

/// Looked up once: OpenSSL asks its providers each time that EVP_sha256() is used, under locks.
const EVP_MD* algorithm() {
    static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

}  // namespace

// OpenSSL fails here only when it cannot allocate or was built without SHA-256: nothing a caller
// could handle.
Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
    FIREBREAK_CHECK(state_->context);
    FIREBREAK_CHECK(EVP_DigestInit_ex(state_->context.get(), algorithm(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(ByteView bytes) {
    FIREBREAK_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    FIREBREAK_CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.bytes.data(), nullptr) == 1);
    return digest;
}

Sha256 sha256(ByteView bytes) {
    // One for each thread: making one costs more than the digest of a short text.
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{
        EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    FIREBREAK_CHECK(context);
    Sha256 digest;
    FIREBREAK_CHECK(EVP_DigestInit_ex(context.get(), algorithm(), nullptr) == 1);
    FIREBREAK_CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
    FIREBREAK_CHECK(EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr) == 1);
    return digest;
}

Sha256 hmac_sha256(ByteView key, ByteView message) {
    // OpenSSL takes a null pointer for "no key set", and not for an empty one.
    static constexpr std::uint8_t kNothing = 0;
    const std::uint8_t* const key_data = key.empty() ? &kNothing : key.data();
    const std::uint8_t* const data = message.empty() ? &kNothing : message.data();
    Sha256 mac;
    unsigned int length = 0;
    FIREBREAK_CHECK(HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), data, message.size(),
                         mac.bytes.data(), &length) != nullptr);
    FIREBREAK_CHECK(length == mac.bytes.size());
    return mac;
}

bool equal_in_constant_time(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace firebreak
