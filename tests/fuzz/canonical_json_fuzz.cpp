// Any JSON text. Property: its canonical form depends on its value alone (parsing what a plain
// serialiser makes of the value gives the same canonical form), and there is none exactly when some
// number is not an int64.

#include <boost/json/serialize.hpp>
#include <cstdint>

#include "core/base/check.hpp"
#include "core/trust/canonical_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const Result<json::value> value = parse_json(text_of({data, size}));
    if (!value) return 0;
    const Result<Bytes> canonical = trust::canonical_json(*value);
    if (!canonical) return 0;

    const Result<json::value> again = parse_json(json::serialize(*value));
    FIREBREAK_CHECK(again);
    const Result<Bytes> same = trust::canonical_json(*again);
    FIREBREAK_CHECK(same && *same == *canonical);
    return 0;
}
