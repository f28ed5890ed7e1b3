// The target of a request, from any peer.
// Property: a target that is accepted names one path: no segment is empty, relative, or holds a
// slash, a backslash or a control character; and the form it is passed on in reads as the same
// path.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.hpp"
#include "server/http/request.hpp"

namespace {

bool is_plain(const std::string& segment) {
    return !segment.empty() && segment != "." && segment != ".." &&
           segment.find_first_of("/\\") == std::string::npos &&
           std::none_of(segment.begin(), segment.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7F;
           });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak::server;
    const auto target = parse_target({reinterpret_cast<const char*>(data), size});
    if (!target) return 0;
    FIREBREAK_CHECK(std::all_of(target->segments.begin(), target->segments.end(), is_plain));
    const auto again = parse_target(target->origin);
    FIREBREAK_CHECK(again.has_value());
    FIREBREAK_CHECK(again->segments == target->segments);
    FIREBREAK_CHECK(again->origin == target->origin);
    return 0;
}
