#include "core/content/printable.hpp"

#include <algorithm>

namespace firebreak::content {

bool has_control_character(std::string_view text, bool lines) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (lines && (byte == '\n' || byte == '\t')) continue;
        if (byte < 0x20 || byte == 0x7F) return true;
        const bool c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) return true;
    }
    return false;
}

std::string shown(std::string_view text) {
    constexpr std::size_t kShownMax = 60;
    std::string result(text.substr(0, kShownMax));
    std::ranges::replace_if(
        result, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
    return text.size() > kShownMax ? result + "..." : result;
}

}  // namespace firebreak::content
