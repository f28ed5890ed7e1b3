#include "core/base/encoding.hpp"

#include <sodium.h>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

std::string sodium_base64(ByteView bytes, int variant) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
    text.pop_back();  // The terminating NUL that libsodium counts.
    return text;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

Result<Bytes> hex_decode(std::string_view text) {
    if (text.empty()) return Bytes{};  // libsodium takes no null pointer, not even for nothing.
    Bytes bytes(text.size() / 2);
    std::size_t written = 0;
    if (text.size() % 2 != 0 || sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(),
                                               nullptr, &written, nullptr) != 0) {
        return fail(Errc::kMalformed, "not hexadecimal");
    }
    if (written != bytes.size()) return fail(Errc::kMalformed, "not hexadecimal");
    return bytes;
}

std::string base64_encode(ByteView bytes) {
    return sodium_base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

Result<Bytes> base64_decode(std::string_view text) {
    if (text.empty()) return Bytes{};
    Bytes bytes(text.size() / 4 * 3 + 3);
    std::size_t written = 0;
    if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &written,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
        return fail(Errc::kMalformed, "not base64");
    }
    bytes.resize(written);
    return bytes;
}

std::string base64url_encode(ByteView bytes) {
    return sodium_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool is_utf8(std::string_view text) noexcept {
    const ByteView bytes = bytes_of(text);
    for (std::size_t at = 0; at < bytes.size();) {
        const std::uint8_t lead = bytes[at++];
        if (lead < 0x80) continue;
        if (lead < 0xC2 || lead > 0xF4) return false;
        const std::size_t followers = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        if (bytes.size() - at < followers) return false;
        // Table 3-7 of the Unicode Standard: some leads narrow what may follow them.
        const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (bytes[at] < least || bytes[at] > most) return false;
        for (std::size_t i = 1; i < followers; ++i) {
            if ((bytes[at + i] & 0xC0U) != 0x80) return false;
        }
        at += followers;
    }
    return true;
}

}  // namespace firebreak
