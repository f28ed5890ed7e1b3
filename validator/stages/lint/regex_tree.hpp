#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::validator::lint {

/// Bytes that may stand at one place.
using ByteSet = std::bitset<256>;

/// A regular expression taken apart, as far as its cost and its demands need it. Reads what RE2 and
/// YARA have in common: groups of all kinds, alternatives, classes, escapes, repetitions. Anchors
/// and word borders are empty. What it cannot weigh (\p{…}, \x{…}) is a set without members: it
/// overlaps with nothing, so that doubt never makes a finding.
struct RegexNode {
    enum class Kind : std::uint8_t { kEmpty, kSet, kSequence, kAlternatives, kRepeat };

    static constexpr std::uint32_t kUnbounded = UINT32_MAX;

    Kind kind = Kind::kEmpty;
    ByteSet set{};
    std::vector<RegexNode> children{};
    std::uint32_t min = 1;  ///< kRepeat.
    std::uint32_t max = 1;
};

/// Limits: 16 KiB, 64 groups deep. Past them, and for what is no regular expression, nothing: the
/// engine that has to run it is the one to say what is wrong.
std::optional<RegexNode> parse_regex(std::string_view text);

/// At least how many bytes of the input the expression pins down: what `.` and negated classes
/// match counts nothing, a letter or a class counts one, of alternatives the least counts.
std::uint32_t demanded_bytes(const RegexNode& regex);

/// How a backtracking engine can be made to need quadratic time, or worse, to find out that an
/// expression does *not* match: two repetitions without a tight bound (more than 100 times) fight
/// over the same bytes.
enum class RegexRisk : std::uint8_t {
    kNone,
    /// Two repetitions of one byte or class stand side by side, with nothing between them that must
    /// match: `.*.*=`, `.*(?:.*=.*)`, `\s+\s*x`.
    kNeighbours,
    /// The same with repetitions of more than that, `.*(ab)+`; or one stands in another that
    /// repeats ten times or more, and can take all that it repeats: `(a+)+`, `(.*,){11}`.
    kNested,
};

/// The worst of what is in it. docs/findings.md states the rule for authors (FB405).
RegexRisk backtracking_risk(const RegexNode& regex);

/// For people; empty for kNone.
std::string_view explain(RegexRisk risk);

}  // namespace firebreak::validator::lint
