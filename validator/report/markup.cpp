#include "validator/report/markup.hpp"

#include <algorithm>
#include <array>

#include "sensor/host/answers.hpp"

namespace firebreak::validator {
namespace {

/// U+FFFE and U+FFFF, which XML forbids, and what turns the direction of writing, which can make a
/// name read as another: U+200E/F, U+202A to U+202E, U+2066 to U+2069, U+061C.
bool forbidden(std::string_view sequence) {
    constexpr std::array<std::string_view, 14> kForbidden{
        "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA",
        "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6",
        "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9", "\xD8\x9C"};
    return std::ranges::find(kForbidden, sequence) != kForbidden.end();
}

std::size_t sequence_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0xC0U) return 1;
    if (byte < 0xE0U) return 2;
    return byte < 0xF0U ? 3 : 4;
}

}  // namespace

std::string escape_markup(std::string_view text, std::size_t bytes_max) {
    // Well-formed UTF-8 without control characters, from here on.
    const std::string printable = sensor::printable(text, bytes_max);
    std::string result;
    result.reserve(printable.size());
    for (std::size_t at = 0; at < printable.size();) {
        const std::string_view sequence =
            std::string_view(printable).substr(at, sequence_length(printable[at]));
        at += sequence.size();
        switch (sequence.front()) {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            case '\'': result += "&#39;"; break;
            default: result += forbidden(sequence) ? "?" : sequence;
        }
    }
    if (text.size() > bytes_max) result += "…";
    return result;
}

}  // namespace firebreak::validator
