#include <algorithm>
#include <boost/json/serialize.hpp>
#include <set>

#include "core/base/encoding.hpp"
#include "core/trust/canonical_json.hpp"
#include "core/trust/detail/malformed.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::trust {
namespace {

using detail::malformed;

Result<std::vector<Signature>> parse_signatures(const json::array& elements) {
    std::vector<Signature> signatures;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        const std::string path = "envelope.signatures[" + std::to_string(i) + "]";
        const Result<JsonObject> element = JsonObject::of(elements[i], path);
        if (!element) return malformed(element.error());
        Result<std::string> key_id = element->string("keyid");
        if (!key_id) return malformed(key_id.error());
        const Result<std::string> hex = element->string("sig");
        if (!hex) return malformed(hex.error());
        if (!seen.insert(*key_id).second) {
            return malformed(path + ".keyid: signs a second time");
        }
        // A key that cannot spell its signature has not signed; the others may be enough.
        Result<Bytes> value = hex_decode(*hex);
        signatures.push_back({std::move(*key_id), value ? std::move(*value) : Bytes{}});
    }
    return signatures;
}

}  // namespace

Result<Envelope> parse_envelope(ByteView bytes) {
    const Result<json::value> document = parse_json(text_of(bytes));
    if (!document) return malformed(document.error());
    const Result<JsonObject> object = JsonObject::of(*document, "envelope");
    if (!object) return malformed(object.error());
    const Result<JsonObject> signed_part = object->object("signed");
    if (!signed_part) return malformed(signed_part.error());
    const Result<const json::array*> elements = object->array("signatures");
    if (!elements) return malformed(elements.error());

    Result<std::vector<Signature>> signatures = parse_signatures(**elements);
    if (!signatures) return fail(signatures.error());
    Envelope envelope;
    envelope.signed_part = signed_part->raw();
    envelope.signatures = std::move(*signatures);
    Result<Bytes> canonical = canonical_json(envelope.signed_part);
    if (!canonical) return fail(canonical.error());
    envelope.signed_bytes = std::move(*canonical);
    return envelope;
}

Bytes serialize_envelope(const json::value& signed_part, const std::vector<Signature>& signatures) {
    json::array elements;
    for (const Signature& signature : signatures) {
        elements.push_back(
            json::object{{"keyid", signature.key_id}, {"sig", hex_encode(signature.value)}});
    }
    return to_bytes(json::serialize(
        json::object{{"signatures", std::move(elements)}, {"signed", signed_part}}));
}

Result<void> verify_threshold(const Envelope& envelope, const RoleKeys& role, const KeyMap& keys) {
    std::set<Bytes> signers;
    for (const Signature& signature : envelope.signatures) {
        if (std::ranges::find(role.key_ids, signature.key_id) == role.key_ids.end()) continue;
        const auto key = keys.find(signature.key_id);
        if (key == keys.end() || signers.contains(key->second.identity())) continue;
        if (key->second.verifies(envelope.signed_bytes, signature.value)) {
            signers.insert(key->second.identity());
        }
    }
    // A threshold below 1 would let unsigned metadata through (go-tuf, CVE-2026-23992). The readers
    // refuse it; whoever builds RoleKeys by other means is refused here.
    if (role.threshold < 1 || signers.size() < static_cast<std::size_t>(role.threshold)) {
        return fail(Errc::kThresholdNotMet, std::to_string(signers.size()) + " of " +
                                                std::to_string(role.threshold) + " keys signed");
    }
    return {};
}

}  // namespace firebreak::trust
