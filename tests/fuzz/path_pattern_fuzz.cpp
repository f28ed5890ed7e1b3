// A pattern and a path, parted by the first line feed. Property: the answer is that of the plain
// recursive definition (which explodes, so only short inputs are compared), and long ones end.

#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/trust/path_pattern.hpp"

namespace {

std::size_t character(std::string_view text) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
        ++length;
    }
    return length;
}

bool by_definition(std::string_view pattern, std::string_view path) {
    if (pattern.empty()) return path.empty();
    const bool more = !path.empty() && path[0] != '/';
    if (pattern[0] == '*') {
        return by_definition(pattern.substr(1), path) ||
               (more && by_definition(pattern, path.substr(character(path))));
    }
    if (pattern[0] == '?') {
        return more && by_definition(pattern.substr(1), path.substr(character(path)));
    }
    return !path.empty() && pattern[0] == path[0] &&
           by_definition(pattern.substr(1), path.substr(1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const std::string_view text = text_of({data, size});
    const std::string_view pattern = text.substr(0, text.find('\n'));
    const std::string_view path =
        pattern.size() < text.size() ? text.substr(pattern.size() + 1) : std::string_view();
    // Beyond valid UTF-8 the two need not agree on what one character is; JSON lets none through.
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80U) return 0;
    }

    const bool matches = trust::matches_pattern(pattern, path);

    if (size <= 24) FIREBREAK_CHECK(matches == by_definition(pattern, path));
    return 0;
}
