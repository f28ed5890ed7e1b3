#include "validator/sandbox/sanitizer.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"

// Known to the linker when a runtime is there, and null otherwise.
extern "C" {
void __asan_init() __attribute__((weak));
void __tsan_init() __attribute__((weak));

// UndefinedBehaviorSanitizer's own runtime begins at its first report, in a worker that is sealed,
// and can no longer read its environment. It asks for this function by name.
const char* __ubsan_default_options();
const char* __ubsan_default_options() {
    return "symbolize=0:halt_on_error=1:abort_on_error=1:color=never";
}
}

namespace firebreak::validator {
namespace {

constexpr std::string_view kEnds = "?\n";  // A line break, before and after it is made printable.
constexpr std::size_t kPartMax = 200;

/// What stands in `text` right behind `mark`, up to one of `ends`.
std::string_view behind(std::string_view text, std::string_view mark, std::string_view ends) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = text.substr(at + mark.size());
    return rest.substr(0, std::min(rest.find_first_of(ends), kPartMax));
}

/// "READ of size 8", without the address and the thread behind it.
std::string_view access_in(std::string_view report) {
    for (const std::string_view kind : {"READ of size ", "WRITE of size "}) {
        const std::size_t at = report.find(kind);
        if (at == std::string_view::npos) continue;
        const std::size_t digits = at + kind.size();
        const std::size_t end = report.find_first_not_of("0123456789", digits);
        return report.substr(at, std::min(end, digits + kPartMax) - at);
    }
    return {};
}

/// "at +0x1139 in the engine", of the frame "#0 0x  (/proc/self/fd/7+0x1139)": engines are opened
/// from memory.
std::string place_in(std::string_view report) {
    const std::string_view frame = behind(report, "#0 ", kEnds);
    const std::string_view place = behind(frame, "(", " )");
    const std::size_t offset = place.rfind("+0x");
    if (offset == std::string_view::npos) return std::string(place);
    const std::string_view library = place.substr(0, offset);
    const bool engine = library.starts_with("/proc/self/fd/");
    return "at " + std::string(place.substr(offset)) + " in " +
           (engine ? "the engine" : std::string(library));
}

}  // namespace

bool has_sanitizer_runtime() {
    return &__asan_init != nullptr || &__tsan_init != nullptr;
}

bool needs_address_sanitizer(ByteView library) {
    constexpr std::string_view kSymbol("\0__asan_init\0", 13);
    return text_of(library).find(kSymbol) != std::string_view::npos;
}

std::string report_summary(std::string_view words) {
    constexpr std::string_view kAddress = "ERROR: AddressSanitizer: ";
    constexpr std::string_view kUndefined = "runtime error: ";
    const std::size_t at = words.find(kAddress);
    if (at == std::string_view::npos) return std::string(behind(words, kUndefined, kEnds));
    const std::string_view report = words.substr(at);
    std::string summary(behind(report, kAddress, " ?\n"));
    for (const std::string& part : {std::string(access_in(report)), place_in(report)}) {
        if (!part.empty()) summary += ", " + part;
    }
    return summary;
}

}  // namespace firebreak::validator
