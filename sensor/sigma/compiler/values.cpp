#include "sensor/sigma/compiler/values.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <span>

#include "core/base/encoding.hpp"
#include "core/content/printable.hpp"
#include "sensor/sigma/compiler/encoding.hpp"

namespace firebreak::sigma {
namespace {

using Patterns = std::vector<Pattern>;

/// ::ffff:0:0/96 (RFC 4291, 2.5.5.2).
constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

tl::unexpected<Refusal> refuse(std::string reason, std::string text) {
    return tl::unexpected<Refusal>({std::move(reason), std::move(text)});
}

tl::expected<Patterns, Refusal> encoded(const Pattern& pattern, Transform transform) {
    if (pattern.has_wildcard()) {
        return refuse("bad-value",
                      "a value with wildcards cannot be encoded; write \\* and \\? for the "
                      "characters, and contains after the encoding");
    }
    const std::string text = pattern.text();
    switch (transform) {
        case Transform::kUtf16LittleEndian:
            return Patterns{Pattern::literal(utf16_little_endian(text))};
        case Transform::kUtf16BigEndian: return Patterns{Pattern::literal(utf16_big_endian(text))};
        case Transform::kUtf16:
            return Patterns{Pattern::literal("\xFF\xFE" + utf16_little_endian(text))};
        case Transform::kBase64:
            if (text.empty()) return refuse("empty-value", "an empty value has no base64");
            return Patterns{Pattern::literal(base64_encode(bytes_of(text)))};
        default: break;
    }
    const std::optional<std::vector<std::string>> variants = base64_at_offsets(text);
    if (!variants) {
        return refuse("empty-value",
                      "base64offset needs at least two bytes, or it would fit anything");
    }
    Patterns patterns;
    for (const std::string& variant : *variants) patterns.push_back(Pattern::literal(variant));
    return patterns;
}

tl::expected<Patterns, Refusal> windashed(const Pattern& pattern) {
    std::optional<Patterns> variants = windash_variants(pattern, kWindashVariantsMax);
    if (variants) return std::move(*variants);
    return refuse("too-large", "windash on more than five dashes has more than " +
                                   std::to_string(kWindashVariantsMax) +
                                   " forms; split the value into a list with |all");
}

tl::expected<Patterns, Refusal> step(Pattern pattern, Transform transform) {
    switch (transform) {
        case Transform::kWindash: return windashed(pattern);
        case Transform::kContains:
            pattern.open_start();
            pattern.open_end();
            return Patterns{std::move(pattern)};
        case Transform::kStartsWith: pattern.open_end(); return Patterns{std::move(pattern)};
        case Transform::kEndsWith: pattern.open_start(); return Patterns{std::move(pattern)};
        default: return encoded(pattern, transform);
    }
}

}  // namespace

tl::expected<Patterns, Refusal> transformed(std::string_view value, const FieldKey& key) {
    Patterns patterns{Pattern::parse(value)};
    for (const Transform transform : key.transforms) {
        Patterns next;
        for (Pattern& pattern : patterns) {
            tl::expected<Patterns, Refusal> made = step(std::move(pattern), transform);
            if (!made) return made;
            next.insert(next.end(), std::make_move_iterator(made->begin()),
                        std::make_move_iterator(made->end()));
            if (next.size() > 3 * kWindashVariantsMax) {
                return refuse("too-large", "the value has too many forms; split it");
            }
        }
        patterns = std::move(next);
    }
    return patterns;
}

tl::expected<Network, Refusal> parse_network(std::string_view text) {
    const std::string shown = content::shown(text);
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    std::array<std::uint8_t, 16> bytes{};
    std::size_t size = 0;
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) size = 4;
    if (size == 0 && ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) size = 16;
    if (size == 0 || address.find('\0') != std::string::npos) {
        return refuse("bad-value", "'" + shown + "' is no network; write 10.0.0.0/8 or fe80::/10");
    }
    std::size_t bits = 8 * size;
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, code] =
            std::from_chars(length.data(), length.data() + length.size(), bits);
        if (code != std::errc() || end != length.data() + length.size() || bits > 8 * size) {
            return refuse("bad-value", "'" + shown + "': after the / a number from 0 to " +
                                           std::to_string(8 * size) + " must stand");
        }
    }
    for (std::size_t bit = bits; bit < 8 * size; ++bit) {
        if ((bytes.at(bit / 8) & (0x80U >> (bit % 8))) == 0) continue;
        return refuse("bad-value", "'" + shown +
                                       "' has bits past the prefix; write the network's own "
                                       "address, or a longer prefix");
    }
    // An IPv4 address in IPv6's clothes is an IPv4 address to the interpreter.
    const auto mapped = std::span(kMapped);
    if (size == 16 && bits >= 8 * mapped.size() &&
        std::ranges::equal(mapped, std::span(bytes).first<12>())) {
        return Network{Bytes(bytes.begin() + 12, bytes.end()),
                       static_cast<std::uint8_t>(bits - 96)};
    }
    return Network{Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)),
                   static_cast<std::uint8_t>(bits)};
}

}  // namespace firebreak::sigma
