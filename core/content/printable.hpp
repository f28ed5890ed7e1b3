#pragma once

#include <string>
#include <string_view>

namespace firebreak::content {

/// What of a text from outside may reach a terminal or a log.

/// True for U+0000 to U+001F, U+007F and U+0080 to U+009F, which some terminals obey as they obey
/// ESC. @pre `text` is UTF-8.
/// @param lines  Line feeds and tabs are fine.
bool has_control_character(std::string_view text, bool lines);

/// `text` for an error message: cut at 60 bytes, anything but printable ASCII as '?'.
std::string shown(std::string_view text);

}  // namespace firebreak::content
