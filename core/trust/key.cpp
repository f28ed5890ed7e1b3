#include "core/trust/key.hpp"

#include <sodium.h>

#include <array>
#include <string_view>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/trust/canonical_json.hpp"
#include "core/trust/detail/malformed.hpp"
#include "core/trust/detail/pem_key.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::trust {
namespace {

struct Kind {
    std::string_view type;
    std::string_view scheme;
};

// Both spellings of an ECDSA key are in use; they are the same key all the same.
constexpr std::array kEd25519Kinds{Kind{"ed25519", "ed25519"}};
constexpr std::array kEcdsaKinds{Kind{"ecdsa", "ecdsa-sha2-nistp256"},
                                 Kind{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"}};
constexpr std::array kRsaKinds{Kind{"rsa", "rsassa-pss-sha256"}};

template <std::size_t kCount>
bool is_one_of(const std::array<Kind, kCount>& kinds, std::string_view type,
               std::string_view scheme) {
    for (const Kind& kind : kinds) {
        if (kind.type == type && kind.scheme == scheme) return true;
    }
    return false;
}

Result<Bytes> parse_ed25519(const std::string& hex) {
    Result<Bytes> raw = hex_decode(hex);
    FIREBREAK_CHECK(sodium_init() >= 0);
    if (!raw || raw->size() != crypto_sign_PUBLICKEYBYTES ||
        crypto_core_ed25519_is_valid_point(raw->data()) != 1) {
        return fail(Errc::kMalformed, "key.keyval.public: must be an Ed25519 key, 64 hex digits");
    }
    return raw;
}

/// Prefixed, so that keys of two types never count as one.
Bytes tagged(char tag, ByteView identity) {
    Bytes result{static_cast<std::uint8_t>(tag)};
    result.insert(result.end(), identity.begin(), identity.end());
    return result;
}

Result<std::string> key_id(const json::value& value) {
    const Result<Bytes> canonical = canonical_json(value);
    if (!canonical) return fail(canonical.error().seen_from("key"));
    return sha256(*canonical).hex();
}

}  // namespace

Result<Key> Key::from_json(const json::value& value) {
    using detail::malformed;
    const Result<JsonObject> object = JsonObject::of(value, "key");
    if (!object) return malformed(object.error());
    const Result<std::string> type = object->string("keytype");
    if (!type) return malformed(type.error());
    const Result<std::string> scheme = object->string("scheme");
    if (!scheme) return malformed(scheme.error());
    const Result<JsonObject> keyval = object->object("keyval");
    if (!keyval) return malformed(keyval.error());
    Result<std::string> id = key_id(value);
    if (!id) return fail(id.error());

    Key key;
    key.value_ = value;
    key.id_ = std::move(*id);
    if (is_one_of(kEd25519Kinds, *type, *scheme)) {
        key.type_ = Type::kEd25519;
    } else if (is_one_of(kEcdsaKinds, *type, *scheme)) {
        key.type_ = Type::kEcdsaP256;
    } else if (is_one_of(kRsaKinds, *type, *scheme)) {
        key.type_ = Type::kRsaPss;
    } else {
        key.identity_ = tagged('?', bytes_of(key.id_));
        return key;
    }

    const Result<std::string> text = keyval->string("public");
    if (!text) return malformed(text.error());
    if (key.type_ == Type::kEd25519) {
        Result<Bytes> raw = parse_ed25519(*text);
        if (!raw) return fail(raw.error());
        key.identity_ = tagged('E', *raw);
        key.public_ = std::move(*raw);
        return key;
    }
    const bool is_ecdsa = key.type_ == Type::kEcdsaP256;
    Result<detail::PemKey> pem = detail::parse_pem_key(
        *text, is_ecdsa ? detail::PemKeyType::kEcdsaP256 : detail::PemKeyType::kRsaPss);
    if (!pem) return fail(pem.error().seen_from("key.keyval.public"));
    key.identity_ = tagged(is_ecdsa ? 'P' : 'R', pem->identity);
    key.public_ = std::move(pem->spki);
    return key;
}

Key Key::ed25519(ByteView public_key) {
    FIREBREAK_CHECK(public_key.size() == crypto_sign_PUBLICKEYBYTES);
    Key key;
    key.type_ = Type::kEd25519;
    key.value_ = json::object{{"keytype", "ed25519"},
                              {"scheme", "ed25519"},
                              {"keyval", json::object{{"public", hex_encode(public_key)}}}};
    Result<std::string> id = key_id(key.value_);
    FIREBREAK_CHECK(id);
    key.id_ = std::move(*id);
    key.identity_ = tagged('E', public_key);
    key.public_ = copy_of(public_key);
    return key;
}

bool Key::verifies(ByteView message, ByteView signature) const {
    switch (type_) {
        case Type::kEd25519:
            FIREBREAK_CHECK(sodium_init() >= 0);
            return signature.size() == crypto_sign_BYTES &&
                   crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                               public_.data()) == 0;
        case Type::kEcdsaP256:
            return detail::verifies(detail::PemKeyType::kEcdsaP256, public_, message, signature);
        case Type::kRsaPss:
            return detail::verifies(detail::PemKeyType::kRsaPss, public_, message, signature);
        case Type::kUnknown: return false;
    }
    return false;
}

}  // namespace firebreak::trust
