#pragma once

#include <bitset>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace firebreak::validator {

/// Whose regular expressions. They differ in what one character is (a byte; a code point in UTF-8)
/// and in a few escapes.
enum class RegexDialect : std::uint8_t { kYara, kRe2 };

struct RegexOptions {
    RegexDialect dialect = RegexDialect::kRe2;
    bool dot_all = false;  ///< "." takes a line feed too (YARA's /s).
};

/// How often what may be repeated is repeated.
enum class Repeats : std::uint8_t { kFewest, kSome, kMost };

/// Makes texts that a regular expression matches.
///
/// Best effort by design: \b and \B are passed over, ^ and $ stand where they stand, and a pattern
/// may contradict itself. Whoever needs to know asks the engine. What case does not matter to
/// (RE2's (?i), YARA's nocase) is written as in the pattern.
///
/// Limits: 16 KiB of pattern, groups 100 deep, 20,000 parts. An unbounded repetition is taken at
/// most 40 times more than it must be.
/// Thread safety: any thread, as far as each has its own Random.
/// Tests: tests/unit/validator/regex_sampler_test.cpp, tests/fuzz/regex_sampler_fuzz.cpp.
class RegexSampler {
public:
    /// @param pattern  Without delimiters.
    /// @returns Errc::kMalformed for what is no expression of this dialect, or holds something that
    ///   no text can be made for (a back reference, look-around); Errc::kTooLarge past the limits.
    [[nodiscard]] static Result<RegexSampler> parse(std::string_view pattern, RegexOptions options);

    /// A text of at most `bytes_max` bytes; nothing when the shortest way taken is longer.
    std::optional<Bytes> sample(Random& random, Repeats repeats, std::size_t bytes_max) const;

private:
    friend class RegexParser;

    enum class Kind : std::uint8_t {
        kNothing,      ///< An assertion: matches the empty text.
        kOneOf,        ///< One byte of a set.
        kText,         ///< Exactly these bytes: one character of several.
        kSequence,     ///< All children, one behind the other.
        kAlternation,  ///< One of the children.
        kRepetition,   ///< The child, from `least` to `most` times.
    };

    struct Part {
        Kind kind = Kind::kNothing;
        std::bitset<256> bytes{};
        Bytes text{};
        std::vector<std::uint32_t> children{};
        std::uint32_t least = 0;
        std::uint32_t most = 0;
    };

    struct Writing;

    bool write(const Part& part, Writing& writing) const;
    bool write_repeated(const Part& part, Writing& writing) const;

    std::vector<Part> parts_;  ///< The last one is the whole.
};

}  // namespace firebreak::validator
