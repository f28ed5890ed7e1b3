#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/compiler/field_key.hpp"

namespace firebreak::sigma {

/// A condition, with "1 of", "all of", "them" and globs written out as the detections they stand
/// for.
struct Condition {
    enum class Kind { kDetection, kNot, kAll, kAny };

    Kind kind = Kind::kDetection;
    std::string name;                 ///< kDetection.
    std::vector<Condition> children;  ///< kNot: one; kAll, kAny: at least one.
};

/// Caps on a condition. Nesting is what the parser's recursion is bounded by.
inline constexpr std::size_t kConditionBytesMax = 16U << 10U;
inline constexpr std::size_t kConditionDepthMax = 64;
inline constexpr std::size_t kConditionReferencesMax = 10'000;

/// Parses a condition over the detections `names` (specification 2.0, "Condition"; and, or and not
/// in any case).
///
/// @returns the condition, or why not, with the offset of the word it is about.
[[nodiscard]] tl::expected<Condition, Refusal> parse_condition(std::string_view text,
                                                               std::span<const std::string> names);

/// Whether a condition could speak of a detection of this name.
bool can_be_referenced(std::string_view name);

}  // namespace firebreak::sigma
