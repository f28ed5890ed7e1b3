#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::server {

/// The string `name` of the object `body`, for people to read in logs and on terminals.
///
/// @returns Errc::kInvalid unless it has 1 to `bytes_max` bytes and no control character (a line
///   break or an escape sequence would let one entry of a log look like two).
[[nodiscard]] Result<std::string> printable_member(const json::value& body, std::string_view name,
                                                   std::size_t bytes_max);

/// The same for a name that goes into files and URLs: letters, digits, '.', '_' and '-', not
/// beginning with '.'.
[[nodiscard]] Result<std::string> name_member(const json::value& body, std::string_view name,
                                              std::size_t bytes_max);

/// The array `name` of such names, each once; none when there is no such member.
///
/// @returns Errc::kInvalid also for more than `count_max`.
[[nodiscard]] Result<std::vector<std::string>> names_member(const json::value& body,
                                                            std::string_view name,
                                                            std::size_t count_max,
                                                            std::size_t bytes_max);

}  // namespace firebreak::server
