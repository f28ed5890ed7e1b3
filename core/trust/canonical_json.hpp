#pragma once

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::trust {

/// The bytes that TUF signatures and key ids are made over (OLPC canonical JSON): UTF-8, no white
/// space, members sorted by their UTF-8 bytes, only `"` and `\` escaped, control characters raw.
/// Not RFC 8785, which sorts by UTF-16 and escapes more.
///
/// @returns Errc::kMalformed for a number that is not an integer in the int64 range.
/// Source: http://wiki.laptop.org/go/Canonical_JSON; TUF specification 4.2.
[[nodiscard]] Result<Bytes> canonical_json(const json::value& value);

}  // namespace firebreak::trust
