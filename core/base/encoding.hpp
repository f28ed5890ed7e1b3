#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak {

/// Lower-case hexadecimal (RFC 4648 section 8, but in lower case, as TUF writes it).
std::string hex_encode(ByteView bytes);

/// @returns the bytes, or Errc::kMalformed for an odd length or any other character. Both cases of
///   letter are read.
[[nodiscard]] Result<Bytes> hex_decode(std::string_view text);

/// Standard base64 with padding (RFC 4648 section 4), as DSSE and RFC 9421 use it.
std::string base64_encode(ByteView bytes);

/// @returns the bytes, or Errc::kMalformed when `text` is not exactly what base64_encode makes:
///   no white space, padding required.
[[nodiscard]] Result<Bytes> base64_decode(std::string_view text);

/// True when `text` is well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing past
/// U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

/// URL-safe base64 without padding (RFC 4648 section 5): for tokens.
std::string base64url_encode(ByteView bytes);

}  // namespace firebreak
