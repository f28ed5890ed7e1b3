// Any bytes, as a mirror could serve them. Property: an envelope that was read reads the same after
// it was written; with no trusted key, no threshold is ever met.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/trust/metadata.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const Result<trust::Envelope> envelope = trust::parse_envelope({data, size});
    if (!envelope) return 0;

    const Bytes written = trust::serialize_envelope(envelope->signed_part, envelope->signatures);
    const Result<trust::Envelope> again = trust::parse_envelope(written);
    FIREBREAK_CHECK(again && again->signed_bytes == envelope->signed_bytes);
    FIREBREAK_CHECK(again->signatures.size() == envelope->signatures.size());
    trust::RoleKeys role{{}, 1};
    for (const auto& signature : envelope->signatures) role.key_ids.push_back(signature.key_id);
    FIREBREAK_CHECK(!trust::verify_threshold(*envelope, role, {}));
    return 0;
}
