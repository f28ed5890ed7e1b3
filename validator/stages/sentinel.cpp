#include "validator/stages/sentinel.hpp"

#include <algorithm>
#include <array>

namespace firebreak::validator {
namespace {

/// Random, so that no content meets it by chance: generated once, with no meaning.
#define FIREBREAK_SENTINEL_MARK "firebreak-sentinel-5b1ed07c9a4f3e62"

constexpr std::array kSentinels{
    Sentinel{
        .content_type = "yara-source",
        .file = "zz-firebreak-sentinel.yar",
        .text = "rule firebreak_sentinel_5b1ed07c9a4f3e62 {\n"
                "    strings:\n"
                "        $mark = \"" FIREBREAK_SENTINEL_MARK "\"\n"
                "    condition:\n"
                "        $mark\n"
                "}\n",
        .rule = "firebreak_sentinel_5b1ed07c9a4f3e62",
    },
};

constexpr std::string_view kMark = FIREBREAK_SENTINEL_MARK;

#undef FIREBREAK_SENTINEL_MARK

constexpr std::size_t kSmall = 512;
constexpr std::size_t kLarge = 1U << 20U;

/// `header`, then filler with the mark in its middle.
Bytes input_of(ByteView header, std::size_t size) {
    Bytes bytes(size, '.');
    std::ranges::copy(header, bytes.begin());
    std::ranges::copy(kMark, bytes.begin() + static_cast<std::ptrdiff_t>(size / 2));
    return bytes;
}

/// An MZ header that points at an empty PE header: enough to be taken for a Windows program.
Bytes windows_header() {
    Bytes header(0x98, 0);
    header[0] = 'M';
    header[1] = 'Z';
    header[0x3C] = 0x80;
    header[0x80] = 'P';
    header[0x81] = 'E';
    return header;
}

/// The identification of a 64-bit little-endian Linux program, and an otherwise empty header.
Bytes linux_header() {
    Bytes header(64, 0);
    constexpr std::array<std::uint8_t, 7> kIdentification{0x7F, 'E', 'L', 'F', 2, 1, 1};
    std::ranges::copy(kIdentification, header.begin());
    header[16] = 2;     // An executable
    header[18] = 0x3E;  // for x86-64.
    return header;
}

}  // namespace

const Sentinel* sentinel_for(std::string_view content_type) {
    const auto* const found = std::ranges::find(kSentinels, content_type, &Sentinel::content_type);
    return found == kSentinels.end() ? nullptr : found;
}

std::vector<SentinelInput> sentinel_inputs() {
    return {
        {"the mark alone", to_bytes(kMark)},
        {"a small text", input_of({}, kSmall)},
        {"a small script", input_of(bytes_of("#!/bin/sh\n"), kSmall)},
        {"a small Windows program", input_of(windows_header(), kSmall)},
        {"a small Linux program", input_of(linux_header(), kSmall)},
        {"a large Windows program", input_of(windows_header(), kLarge)},
        {"a large Linux program", input_of(linux_header(), kLarge)},
    };
}

}  // namespace firebreak::validator
