#pragma once

#include <string>
#include <string_view>

namespace firebreak::validator {

/// `text` as character data or a quoted attribute of XML 1.0 and of HTML. Rule names, file names
/// and evidence are what an attacker likes to write: markup is escaped, and what XML does not
/// allow, is not UTF-8, controls a terminal or turns the direction of writing becomes '?'.
///
/// @param bytes_max  Of `text`; the rest is cut off, which "…" shows.
std::string escape_markup(std::string_view text, std::size_t bytes_max = 4'096);

}  // namespace firebreak::validator
