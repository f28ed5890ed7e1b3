#include "core/signing/dsse.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <set>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::signing {
namespace {

// Each is tried with each trusted key, because key ids are only hints.
constexpr std::size_t kSignaturesMax = 64;

/// Both alphabets are allowed ("Either standard or URL-safe encoding"), with padding.
Result<Bytes> decode_base64(const JsonObject& object, std::string_view name) {
    Result<std::string> text = object.string(name);
    if (!text) return fail(text.error());
    std::ranges::replace(*text, '-', '+');
    std::ranges::replace(*text, '_', '/');
    Result<Bytes> bytes = base64_decode(*text);
    if (!bytes) return fail(bytes.error().seen_from(object.path_to(name)));
    return bytes;
}

Result<trust::Signature> parse_signature(const json::value& value, std::size_t index) {
    const Result<JsonObject> object =
        JsonObject::of(value, "dsse.signatures[" + std::to_string(index) + "]");
    if (!object) return fail(object.error());
    trust::Signature signature;
    if (object->has("keyid")) {
        Result<std::string> key_id = object->string("keyid");
        if (!key_id) return fail(key_id.error());
        signature.key_id = std::move(*key_id);
    }
    Result<Bytes> bytes = decode_base64(*object, "sig");
    if (!bytes) return fail(bytes.error());
    signature.value = std::move(*bytes);
    return signature;
}

}  // namespace

Bytes pre_authentication_encoding(std::string_view payload_type, ByteView payload) {
    Bytes encoding =
        to_bytes("DSSEv1 " + std::to_string(payload_type.size()) + " " + std::string(payload_type) +
                 " " + std::to_string(payload.size()) + " ");
    encoding.insert(encoding.end(), payload.begin(), payload.end());
    return encoding;
}

Result<Bytes> sign_dsse(std::string_view payload_type, ByteView payload,
                        const std::vector<const Signer*>& signers) {
    if (signers.empty()) return fail(Errc::kInvalid, "dsse: needs at least one signer");
    const Bytes message = pre_authentication_encoding(payload_type, payload);
    json::array signatures;
    for (const Signer* signer : signers) {
        const Result<Bytes> signature = signer->sign(message);
        if (!signature) return fail(signature.error().seen_from("dsse"));
        signatures.push_back(
            json::object{{"keyid", signer->key().id()}, {"sig", base64_encode(*signature)}});
    }
    return to_bytes(json::serialize(json::object{{"payload", base64_encode(payload)},
                                                 {"payloadType", payload_type},
                                                 {"signatures", std::move(signatures)}}));
}

Result<DsseEnvelope> parse_dsse(ByteView bytes) {
    const Result<json::value> document = parse_json(text_of(bytes));
    if (!document) return fail(document.error().seen_from("dsse"));
    const Result<JsonObject> object = JsonObject::of(*document, "dsse");
    if (!object) return fail(object.error());
    DsseEnvelope envelope;
    Result<std::string> type = object->string("payloadType");
    if (!type) return fail(type.error());
    envelope.payload_type = std::move(*type);
    Result<Bytes> payload = decode_base64(*object, "payload");
    if (!payload) return fail(payload.error());
    envelope.payload = std::move(*payload);

    const Result<const json::array*> signatures = object->array("signatures");
    if (!signatures) return fail(signatures.error());
    if ((*signatures)->size() > kSignaturesMax) {
        return fail(Errc::kTooLarge,
                    "dsse.signatures: more than " + std::to_string(kSignaturesMax));
    }
    for (std::size_t i = 0; i < (*signatures)->size(); ++i) {
        Result<trust::Signature> signature = parse_signature((**signatures)[i], i);
        if (!signature) return fail(signature.error());
        envelope.signatures.push_back(std::move(*signature));
    }
    return envelope;
}

Result<Bytes> verify_dsse(const DsseEnvelope& envelope, const std::vector<trust::Key>& trusted,
                          int threshold) {
    const Bytes message = pre_authentication_encoding(envelope.payload_type, envelope.payload);
    std::set<Bytes> signers;
    for (const trust::Key& key : trusted) {
        const bool signed_it =
            std::ranges::any_of(envelope.signatures, [&](const trust::Signature& signature) {
                return key.verifies(message, signature.value);
            });
        if (signed_it) signers.insert(key.identity());
    }
    if (threshold < 1 || signers.size() < static_cast<std::size_t>(threshold)) {
        return fail(trust::Errc::kThresholdNotMet, "dsse: " + std::to_string(signers.size()) +
                                                       " of " + std::to_string(threshold) +
                                                       " keys signed");
    }
    return envelope.payload;
}

}  // namespace firebreak::signing
