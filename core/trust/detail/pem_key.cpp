#include "core/trust/detail/pem_key.hpp"

#include <array>
#include <memory>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string>

#include "core/base/encoding.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::trust::detail {
namespace {

template <auto kFree>
struct Free {
    template <class T>
    void operator()(T* handle) const noexcept {
        kFree(handle);
    }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using DigestHandle = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using NumberHandle = std::unique_ptr<BIGNUM, Free<BN_free>>;

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
constexpr std::size_t kPemBytesMax = 8192;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;

tl::unexpected<Error> malformed(const char* what) {
    return fail(Errc::kMalformed, what);
}

/// Not OpenSSL's PEM reader: that one takes text around the block, other labels, and asks at the
/// terminal when the block claims to be encrypted.
Result<Bytes> decode_pem(std::string_view pem) {
    const auto is_space = [](char c) { return c == '\n' || c == '\r'; };
    while (!pem.empty() && is_space(pem.back())) pem.remove_suffix(1);
    if (pem.size() > kPemBytesMax || !pem.starts_with(kBegin) || !pem.ends_with(kEnd) ||
        pem.size() < kBegin.size() + kEnd.size()) {
        return malformed("not a PEM public key");
    }
    pem.remove_prefix(kBegin.size());
    pem.remove_suffix(kEnd.size());

    std::string body;
    for (const char c : pem) {
        if (!is_space(c)) body += c;
    }
    Result<Bytes> der = base64_decode(body);
    if (!der) return malformed("not a PEM public key");
    return der;
}

/// nullptr when `spki` is not one whole public key. Leaves no error in OpenSSL's queue, where some
/// later TLS call would find it.
KeyHandle load(ByteView spki) {
    const unsigned char* cursor = spki.data();
    KeyHandle key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())));
    ERR_clear_error();
    if (cursor != spki.data() + spki.size()) return nullptr;
    return key;
}

Result<Bytes> number_of(const EVP_PKEY* key, const char* name) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return malformed("unreadable public key");
    const NumberHandle number(raw);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
    BN_bn2bin(number.get(), bytes.data());
    return bytes;
}

/// An explicit curve description could carry a generator of the attacker's choice (CVE-2020-0601),
/// so that only the named curve will do.
bool is_named_p256(const EVP_PKEY* key) {
    std::array<char, 32> group{};
    std::size_t length = 0;
    int from_explicit = 1;
    return EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 &&
           std::string_view(group.data(), length) == "prime256v1" &&
           EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &from_explicit) == 1 &&
           from_explicit == 0;
}

Result<Bytes> identity_of(const EVP_PKEY* key, PemKeyType type) {
    if (type == PemKeyType::kEcdsaP256) {
        if (!is_named_p256(key)) return malformed("not a key on the named curve P-256");
        Result<Bytes> x = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X);
        const Result<Bytes> y = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y);
        if (!x || !y) return malformed("unreadable public key");
        x->insert(x->begin(), 32 - x->size(), 0);
        x->insert(x->end(), y->begin(), y->end());
        return x;
    }
    const int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") != 1 || bits < kRsaBitsMin || bits > kRsaBitsMax) {
        return malformed("not an RSA key of 2048 to 8192 bits");
    }
    // The modulus alone: whoever has the private exponent for one public exponent can factor the
    // modulus, and so has it for every other.
    return number_of(key, OSSL_PKEY_PARAM_RSA_N);
}

}  // namespace

Result<PemKey> parse_pem_key(std::string_view pem, PemKeyType type) {
    Result<Bytes> spki = decode_pem(pem);
    if (!spki) return fail(spki.error());
    const KeyHandle key = load(*spki);
    if (!key) return malformed("not a PEM public key");
    Result<Bytes> identity = identity_of(key.get(), type);
    ERR_clear_error();
    if (!identity) return fail(identity.error());
    return PemKey{std::move(*spki), std::move(*identity)};
}

bool verifies(PemKeyType type, ByteView spki, ByteView message, ByteView signature) {
    const KeyHandle key = load(spki);
    const DigestHandle digest(EVP_MD_CTX_new());
    if (!key || !digest) return false;

    EVP_PKEY_CTX* context = nullptr;  // Belongs to `digest`.
    bool ready =
        EVP_DigestVerifyInit(digest.get(), &context, EVP_sha256(), nullptr, key.get()) == 1;
    if (ready && type == PemKeyType::kRsaPss) {
        ready = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
    }
    const bool valid = ready && EVP_DigestVerify(digest.get(), signature.data(), signature.size(),
                                                 message.data(), message.size()) == 1;
    ERR_clear_error();
    return valid;
}

}  // namespace firebreak::trust::detail
