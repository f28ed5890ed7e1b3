#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/content/document.hpp"

namespace firebreak::content {

/// One way in which a document breaks its schema.
struct SchemaIssue {
    std::string pointer;  ///< RFC 6901.
    std::string place;    ///< "plan.yaml:12:5".
    std::string message;  ///< What is wrong and what would be right.
};

/// Checks `document` against one of the schemas/ built into this program.
///
/// @param schema  The file's name without ".json": "ring-plan.v1". @pre it exists.
/// @returns every issue, in the order of the document; none when it is valid.
std::vector<SchemaIssue> check_schema(std::string_view schema, const Document& document);

/// The same, as an error of all issues in one line: Errc::kInvalid, "plan.yaml:12:5:
/// /rings/0/window: …".
[[nodiscard]] Result<void> require_schema(std::string_view schema, const Document& document);

/// Every built-in schema's name, and its text.
std::vector<std::string> schema_names();
std::string_view schema_text(std::string_view schema);

}  // namespace firebreak::content
