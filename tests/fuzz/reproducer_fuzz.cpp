// Any bytes as a reproducer, which comes from somebody else's run. Property: what is read is within
// its limits, and is written and read back the same.

#include <cstdint>

#include "core/base/check.hpp"
#include "validator/report/reproducer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::validator;
    const Result<Reproducer> reproducer = parse_reproducer({data, size});
    if (!reproducer) return 0;
    if (reproducer->cost) {
        FIREBREAK_CHECK(reproducer->evaluates);
        FIREBREAK_CHECK(reproducer->cost->cpu_max.count() > 0);
        FIREBREAK_CHECK(reproducer->cost->smaller.size() <= ReproducedCost::kSmallerMax);
    }
    const Bytes written = serialize(*reproducer);
    const Result<Reproducer> again = parse_reproducer(written);
    FIREBREAK_CHECK(again && serialize(*again) == written);
    return 0;
}
