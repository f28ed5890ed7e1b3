// Any bytes as a manifest. Property: what is taken passes check_manifest and the schema, and reads
// back as itself.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/content/manifest.hpp"
#include "core/content/schema.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::content;
    const Result<Manifest> manifest = parse_manifest(text_of({data, size}), {});
    if (!manifest) return 0;

    FIREBREAK_CHECK(check_manifest(*manifest, {}));
    const std::string text = serialize_manifest(*manifest);
    const Result<Manifest> again = parse_manifest(text, {});
    FIREBREAK_CHECK(again && serialize_manifest(*again) == text);
    const Result<Document> document = read_json("manifest", text);
    FIREBREAK_CHECK(document && check_schema("manifest.v1", *document).empty());
    return 0;
}
