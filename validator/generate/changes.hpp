#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"

namespace firebreak::validator {

/// The single changes that mutators are made of. None of them makes an input more than 64 KiB
/// longer.

/// An integer where arithmetic goes wrong: 0, 1, -1, and powers of two with their neighbours up to
/// 2^63; or one of `known`, or a neighbour of it.
std::int64_t boundary_integer(Random& random, const std::vector<std::int64_t>& known);

/// The word as it is, in UTF-16, under XOR, in other case; or a near miss: a byte changed, cut, or
/// doubled.
void vary_word(Random& random, Bytes& word);

/// Somewhere in `input`, or at its start or end.
void insert_or_overwrite(Random& random, Bytes& input, ByteView word);

/// A boundary integer of 1, 2, 4 or 8 bytes, in either order.
void put_integer(Random& random, const std::vector<std::int64_t>& known, Bytes& input);

/// A piece of `other` in the place of a piece of `input`.
void splice(Random& random, ByteView other, Bytes& input);

/// To nothing, to one byte, to a power of two or a byte beside it, or a part of itself again.
void resize_somehow(Random& random, std::size_t bytes_max, Bytes& input);

/// Bits flipped, bytes replaced, ranges taken out, doubled or set to one value.
void damage(Random& random, Bytes& input);

/// Of text: a token, a bracket, a number or a line changed, so that a reader of text gets further
/// than with damage().
void damage_text(Random& random, const std::vector<std::int64_t>& known, Bytes& text);

}  // namespace firebreak::validator
