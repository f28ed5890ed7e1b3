// Any bytes as a DSSE envelope. Property: it is read or refused, and never verified by a key that
// signed nothing.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/signing/dsse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    static const signing::Ed25519Signer signer = signing::Ed25519Signer::from_seed(SecretBytes(32));
    const Result<signing::DsseEnvelope> envelope = signing::parse_dsse({data, size});
    if (!envelope) return 0;
    FIREBREAK_CHECK(!signing::verify_dsse(*envelope, {signer.key()}, 1));
    FIREBREAK_CHECK(!signing::verify_dsse(*envelope, {}, 0));
    return 0;
}
