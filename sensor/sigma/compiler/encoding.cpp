#include "sensor/sigma/compiler/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/encoding.hpp"
#include "sensor/kit/text.hpp"

namespace firebreak::sigma {
namespace {

/// The code point of one well-formed UTF-8 sequence.
std::uint32_t code_point(std::string_view sequence) {
    constexpr std::array<std::uint32_t, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
    std::uint32_t point = static_cast<unsigned char>(sequence.front()) & kLeadMask[sequence.size()];
    for (const char c : sequence.substr(1)) {
        point = (point << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
    }
    return point;
}

template <class Put>
void each_utf16_unit(std::string_view text, const Put& put) {
    while (!text.empty()) {
        const std::size_t length = sensor_kit::utf8_sequence_length(text);
        if (length == 0) return;
        const std::uint32_t point = code_point(text.substr(0, length));
        if (point >= 0x10000) {
            put(0xD800 + ((point - 0x10000) >> 10U));
            put(0xDC00 + ((point - 0x10000) & 0x3FFU));
        } else {
            put(point);
        }
        text.remove_prefix(length);
    }
}

}  // namespace

std::string utf16_little_endian(std::string_view text) {
    std::string bytes;
    each_utf16_unit(text, [&bytes](std::uint32_t unit) {
        bytes += static_cast<char>(unit & 0xFFU);
        bytes += static_cast<char>(unit >> 8U);
    });
    return bytes;
}

std::string utf16_big_endian(std::string_view text) {
    std::string bytes;
    each_utf16_unit(text, [&bytes](std::uint32_t unit) {
        bytes += static_cast<char>(unit >> 8U);
        bytes += static_cast<char>(unit & 0xFFU);
    });
    return bytes;
}

std::optional<std::vector<std::string>> base64_at_offsets(std::string_view bytes) {
    std::vector<std::string> variants;
    for (std::size_t offset = 0; offset < 3; ++offset) {
        const std::string encoded =
            base64_encode(bytes_of(std::string(offset, ' ') + std::string(bytes)));
        // Bits 8 * offset up to 8 * (offset + size) are ours; a character holds six.
        const std::size_t first = (8 * offset + 5) / 6;
        const std::size_t last = 8 * (offset + bytes.size()) / 6;
        if (last <= first) return std::nullopt;
        variants.push_back(encoded.substr(first, last - first));
    }
    return variants;
}

}  // namespace firebreak::sigma
