#include <algorithm>

#include "core/base/errc.hpp"
#include "core/signing/signer.hpp"
#include "core/trust/canonical_json.hpp"

namespace firebreak::signing {

Result<Bytes> sign_metadata(const json::value& signed_part,
                            const std::vector<const Signer*>& signers) {
    const Result<Bytes> message = trust::canonical_json(signed_part);
    if (!message) return fail(message.error());
    std::vector<trust::Signature> signatures;
    for (const Signer* signer : signers) {
        const std::string& id = signer->key().id();
        // Two signatures under one key id make the whole file malformed (4.2).
        if (std::ranges::find(signatures, id, &trust::Signature::key_id) != signatures.end()) {
            return fail(Errc::kConflict, "key " + id + " is given twice to sign");
        }
        Result<Bytes> signature = signer->sign(*message);
        if (!signature) return fail(signature.error().seen_from("signing with key " + id));
        signatures.push_back({id, std::move(*signature)});
    }
    return trust::serialize_envelope(signed_part, signatures);
}

Result<Bytes> add_signature(ByteView metadata, const Signer& signer) {
    Result<trust::Envelope> envelope = trust::parse_envelope(metadata);
    if (!envelope) return fail(envelope.error());
    Result<Bytes> signature = signer.sign(envelope->signed_bytes);
    if (!signature) return fail(signature.error().seen_from("signing"));

    const std::string& id = signer.key().id();
    const auto earlier = std::ranges::find(envelope->signatures, id, &trust::Signature::key_id);
    if (earlier != envelope->signatures.end()) {
        earlier->value = std::move(*signature);
    } else {
        envelope->signatures.push_back({id, std::move(*signature)});
    }
    return trust::serialize_envelope(envelope->signed_part, envelope->signatures);
}

}  // namespace firebreak::signing
