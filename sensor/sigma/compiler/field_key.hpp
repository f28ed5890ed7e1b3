#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/program/program.hpp"
#include "tl/expected.hpp"

namespace firebreak::sigma {

/// Why a piece of a rule is refused: a stable word for counting, and a line for the author.
struct Refusal {
    std::string reason;
    std::string text;
    std::size_t offset = 0;  ///< Into the piece, where that is known.
};

/// One step that changes a value, in the order in which the author wrote them.
enum class Transform : std::uint8_t {
    kUtf16LittleEndian,
    kUtf16BigEndian,
    kUtf16,
    kBase64,
    kBase64Offset,
    kWindash,
    kContains,
    kStartsWith,
    kEndsWith,
};

/// How a value is to be understood.
enum class Matching : std::uint8_t { kText, kRegex, kCidr, kExists, kFieldReference, kCompare };

/// A key of a detection taken apart: "CommandLine|contains|all".
struct FieldKey {
    std::string field;  ///< Empty: any field.
    Matching matching = Matching::kText;
    std::vector<Transform> transforms;
    std::string regex_flags;  ///< Some of "ims", sorted.
    Op compare = Op::kLess;   ///< kCompare: which.
    bool all = false;
    bool cased = false;
    bool differs = false;   ///< neq.
    bool modified = false;  ///< Any modifier at all.

    bool has(Transform transform) const;
};

/// @returns the key, or the reason why these modifiers mean nothing here (not known, not supported,
///   twice, or not with one another), with what to write instead.
[[nodiscard]] tl::expected<FieldKey, Refusal> parse_field_key(std::string_view key);

}  // namespace firebreak::sigma
