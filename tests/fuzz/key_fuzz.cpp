// Any JSON value as a public key. Property: a key that was read has an id and an identity, reads
// the same again, and verifies nothing of what is thrown at it.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/trust/key.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const Result<json::value> value = parse_json(text_of({data, size}));
    if (!value) return 0;
    const Result<trust::Key> key = trust::Key::from_json(*value);
    if (!key) return 0;

    FIREBREAK_CHECK(key->id().size() == 64 && !key->identity().empty());
    const Result<trust::Key> again = trust::Key::from_json(key->to_json());
    FIREBREAK_CHECK(again && again->id() == key->id() && again->identity() == key->identity());
    FIREBREAK_CHECK(!key->verifies({data, size}, {data, size < 64 ? size : 64}));
    return 0;
}
