// Any bytes as the payload of a signed waiver file, and as the file itself. Property: what opens is
// within its caps, and opens to the same again when it is signed anew; what nobody signed never
// opens.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/base/random.hpp"
#include "core/signing/dsse.hpp"
#include "validator/report/waivers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::validator;
    static const signing::Ed25519Signer signer = [] {
        SeededRandom random(1);
        return signing::Ed25519Signer::generate(random);
    }();
    const ByteView bytes{data, size};
    FIREBREAK_CHECK(!open_waivers(bytes, signer.key()));

    const Result<Bytes> envelope = signing::sign_dsse(kWaiversPayloadType, bytes, {&signer});
    FIREBREAK_CHECK(envelope);
    const auto waivers = open_waivers(*envelope, signer.key());
    if (!waivers) return 0;
    FIREBREAK_CHECK(waivers->size() <= kWaiversMax);
    (void)check_waivers(*waivers, std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}});
    const Result<Bytes> again = sign_waivers(*waivers, signer);
    FIREBREAK_CHECK(again);
    const auto same = open_waivers(*again, signer.key());
    FIREBREAK_CHECK(same && same->size() == waivers->size());
    return 0;
}
