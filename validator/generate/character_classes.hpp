#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// A set of bytes: what one place in a pattern takes.
using ByteSet = std::bitset<256>;

ByteSet range(unsigned first, unsigned last);
ByteSet one(std::uint8_t byte);

const ByteSet& digits();
const ByteSet& letters();
const ByteSet& words();
const ByteSet& spaces();

/// What "[:name:]" holds; nothing for a name that is none.
std::optional<ByteSet> posix_class(std::string_view name);

/// What "\d" and its like hold, by the letter; nothing for another letter.
std::optional<ByteSet> perl_class(char letter);

/// UTF-8 of a code point; RFC 3629.
Bytes utf8(std::uint32_t point);

}  // namespace firebreak::validator
