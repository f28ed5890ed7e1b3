#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak::trust::detail {

/// Checks `bytes` against what signed metadata says of them: the exact length when given, and, when
/// there are hashes, every one of a known algorithm (sha256, sha512), of which at least one.
///
/// @returns Errc::kLengthMismatch or Errc::kHashMismatch.
[[nodiscard]] Result<void> verify_vouched(const std::optional<std::uint64_t>& length,
                                          const std::map<std::string, std::string>& hashes,
                                          ByteView bytes);

}  // namespace firebreak::trust::detail
