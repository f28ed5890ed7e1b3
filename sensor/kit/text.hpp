#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Small things about text that host and engines both need. Header only: an engine links no library
/// of the host's.
namespace firebreak::sensor_kit {

/// The length of the well-formed UTF-8 sequence at the start of `text`; 0 when there is none
/// (overlong forms, surrogates and what is past U+10FFFF are not well-formed).
///
/// Source: Unicode 15, table 3-7. Only the first trailing byte has bounds that depend on the lead.
inline std::size_t utf8_sequence_length(std::string_view text) {
    struct Form {
        unsigned lead_min, lead_max;
        std::size_t length;
        unsigned second_min, second_max;
    };
    constexpr Form forms[] = {
        {0x00, 0x7F, 1, 0, 0},       {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
        {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
        {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F}};
    if (text.empty()) return 0;
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (const Form& form : forms) {
        if (byte(0) < form.lead_min || byte(0) > form.lead_max) continue;
        if (form.length == 1) return 1;
        if (text.size() < form.length) return 0;
        if (byte(1) < form.second_min || byte(1) > form.second_max) return 0;
        for (std::size_t i = 2; i < form.length; ++i) {
            if ((byte(i) & 0xC0U) != 0x80U) return 0;
        }
        return form.length;
    }
    return 0;
}

/// Lower-case hexadecimal.
inline std::string hex(const std::uint8_t* bytes, std::size_t length) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * length);
    for (std::size_t i = 0; i < length; ++i) {
        out += digits[bytes[i] >> 4U];
        out += digits[bytes[i] & 0xFU];
    }
    return out;
}

}  // namespace firebreak::sensor_kit
