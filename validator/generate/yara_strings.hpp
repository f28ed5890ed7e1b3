#pragma once

#include "core/base/random.hpp"
#include "validator/generate/regex_sampler.hpp"
#include "validator/generate/yara_rules.hpp"

namespace firebreak::validator {

/// Bytes that a YARA string matches: text with its modifiers applied (wide, xor, base64; what case
/// does not matter to stays as written), hex strings with wildcards drawn, jumps and alternatives
/// taken, regular expressions sampled.
///
/// Best effort: modifiers that change what "ascii" alone would match are taken one at a time, a
/// word is full where the caller leaves room around it.
///
/// @param repeats  How far jumps and repetitions go.
/// @returns Errc::kMalformed for a source that is no such string, Errc::kTooLarge when the shortest
///   bytes are longer than `bytes_max`.
/// Tests: tests/unit/validator/yara_strings_test.cpp, tests/fuzz/yara_samples_fuzz.cpp.
[[nodiscard]] Result<Bytes> sample_string(const YaraString& string, Random& random, Repeats repeats,
                                          std::size_t bytes_max);

}  // namespace firebreak::validator
