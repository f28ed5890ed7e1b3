#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::content {

/// Where something stands in a text. From 1; column counts bytes.
struct Position {
    std::size_t line = 0;
    std::size_t column = 0;
};

/// "plan.yaml:12:5".
std::string place(std::string_view name, Position position);

/// A document a person wrote, as a JSON value that remembers where each part stood.
struct Document {
    std::string name;  ///< What messages call it: the file's path.
    json::value value;
    /// By JSON pointer (RFC 6901); "" is the root. A member stands where its key does.
    std::map<std::string, Position> positions;

    /// The place of the deepest part of `pointer` whose place is known; line 0 when none is.
    Position where(std::string_view pointer) const;
    /// "plan.yaml:12:5", for the deepest part of `pointer` whose place is known.
    std::string place_of(std::string_view pointer) const;
};

/// The JSON pointer (RFC 6901) of `member` below `parent`: "/rings/0" and "a/b" give
/// "/rings/0/a~1b".
std::string pointer_to(std::string_view parent, std::string_view member);

/// Caps on a document a person wrote.
struct DocumentLimits {
    std::size_t bytes_max = 1U << 20U;
    std::size_t depth_max = 32;
    std::size_t nodes_max = 100'000;
    std::size_t pointer_bytes_max = 16U << 20U;  ///< Of all positions' pointers together.
};

/// What becomes of a plain (unquoted) YAML scalar.
enum class PlainScalars {
    kTyped,  ///< null, booleans, integers, floats by the core schema, or text (yaml_scalar.hpp).
    kText,   ///< null, or text exactly as it is written: 010 is "010", 1.0 is "1.0".
};

/// Reads one YAML 1.2 document strictly: no duplicate keys, no anchors, aliases or merge keys, no
/// tags, no second document, string keys only, no NUL in a text, UTF-8 only. Every scalar that is
/// not plain is a string.
///
/// @returns Errc::kMalformed or Errc::kTooLarge with "name:line:column: reason".
[[nodiscard]] Result<Document> read_yaml(std::string name, std::string_view text,
                                         DocumentLimits limits = {},
                                         PlainScalars plain = PlainScalars::kTyped);

/// The same for JSON, which read_yaml would also take for the most part, but with other corners.
[[nodiscard]] Result<Document> read_json(std::string name, std::string_view text,
                                         DocumentLimits limits = {});

}  // namespace firebreak::content
