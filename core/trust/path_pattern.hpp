#pragma once

#include <string_view>

#include "core/trust/metadata.hpp"

namespace firebreak::trust {

/// Whether `path` matches the shell-style `pattern` (4.5): `*` stands for any characters and `?`
/// for one, neither for '/'; so both have the same number of segments. Everything else, brackets
/// too, stands for itself, on every system.
///
/// Takes time quadratic in `path` at most, whatever the pattern.
bool matches_pattern(std::string_view pattern, std::string_view path);

/// Whether `role` was delegated the say over `path`: one of its patterns matches, or one of its
/// prefixes begins the hexadecimal SHA-256 of the path (4.5).
bool may_speak_for(const DelegatedRole& role, std::string_view path);

}  // namespace firebreak::trust
