#pragma once

#include <string>
#include <string_view>

#include "sensor/sigma/compiler/field_key.hpp"

namespace firebreak::sigma {

/// The expression for Op::kRegex: `pattern` with `flags` (some of "ims") in front.
///
/// @returns the text, or why RE2 does not take it (a construct that could backtrack, or a fault),
///   with what to write instead.
[[nodiscard]] tl::expected<std::string, Refusal> checked_regex(std::string_view pattern,
                                                               std::string_view flags);

}  // namespace firebreak::sigma
