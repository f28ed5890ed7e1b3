#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::sigma {

/// The encodings of Sigma's modifiers, on bytes.

/// @pre `text` is UTF-8.
std::string utf16_little_endian(std::string_view text);
std::string utf16_big_endian(std::string_view text);

/// What of the base64 of any text around `bytes` depends on `bytes` alone, for each of the three
/// ways in which `bytes` can lie in groups of three: six bits a character, and those that hold a
/// neighbour's bits left out.
///
/// @returns nothing when one of the three would be empty (less than two bytes).
std::optional<std::vector<std::string>> base64_at_offsets(std::string_view bytes);

}  // namespace firebreak::sigma
