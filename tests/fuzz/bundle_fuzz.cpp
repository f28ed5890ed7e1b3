// Any bytes as a bundle. Property: it is refused whole, or every file has the length and digest
// that
// its manifest names, and packing what came out makes a bundle that unpacks to the same.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/content/bundle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::content;
    constexpr BundleLimits kLimits{.file_bytes_max = 1U << 20U, .unpacked_bytes_max = 1U << 21U};
    const Result<Bundle> bundle = unpack_bundle({data, size}, kLimits);
    const Result<Manifest> manifest = peek_manifest({data, size}, kLimits);
    if (!bundle) return 0;

    FIREBREAK_CHECK(manifest && bundle->files.size() == bundle->manifest.files.size());
    for (std::size_t i = 0; i < bundle->files.size(); ++i) {
        const ManifestFile& promised = bundle->manifest.files[i];
        const ContentFile& file = bundle->files[i];
        FIREBREAK_CHECK(file.name == promised.name && safe_name(file.name, kLimits.name_bytes_max));
        FIREBREAK_CHECK(file.bytes.size() == promised.length);
        FIREBREAK_CHECK(sha256(file.bytes) == promised.sha256);
    }
    const Result<Bytes> packed = pack_bundle(bundle->manifest, bundle->files, kLimits);
    if (!packed) return 0;  // What compresses too well for our level may be past the ratio.
    const Result<Bundle> again = unpack_bundle(*packed, kLimits);
    FIREBREAK_CHECK(again &&
                    serialize_manifest(again->manifest) == serialize_manifest(bundle->manifest));
    return 0;
}
