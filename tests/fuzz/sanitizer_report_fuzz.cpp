// What a dying engine wrote, as the supervisor reads it. Property: the summary is bounded, and made
// of what is there.

#include <cstdint>

#include "core/base/check.hpp"
#include "validator/sandbox/sanitizer.hpp"
#include "validator/sandbox/verdict.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const std::string_view words = text_of({data, size});

    const std::string steady = validator::steady_words(words);
    const std::string summary = validator::report_summary(steady);

    FIREBREAK_CHECK(steady.size() <= words.size());
    FIREBREAK_CHECK(summary.size() <= 1000);
    FIREBREAK_CHECK(summary.size() <= words.size() + 20);
    (void)validator::needs_address_sanitizer({data, size});
    return 0;
}
