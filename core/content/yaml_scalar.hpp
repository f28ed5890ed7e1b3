#pragma once

#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::content {

/// Whether a plain scalar is null in the core schema: nothing, ~, null, Null, NULL.
bool is_null(std::string_view text);

/// What a plain (unquoted) YAML scalar means under the core schema of YAML 1.2 (section 10.3.2),
/// less what two readers could read in two ways: only "true" and "false" are booleans, and numbers
/// that JSON has no form for, or that start with a 0 that is not theirs, are refused.
///
/// @returns the value, or Errc::kMalformed with a reason that says to quote it.
[[nodiscard]] Result<json::value> plain_scalar(std::string_view text);

}  // namespace firebreak::content
