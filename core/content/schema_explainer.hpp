#pragma once

#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace firebreak::content {

/// One broken rule, in words for the person who wrote the document.
struct Explanation {
    std::string pointer;  ///< RFC 6901; of an unknown member itself, of the object that lacks one.
    std::string message;  ///< "unknown member; known are max, start".
};

/// Says how `value` breaks `schema`, in the order of the document. Knows the keywords that schemas/
/// uses (its README lists them) and "#/definitions/…" references; whether a document is valid is
/// not its
/// decision, but valijson's, whose own messages name neither the rule's number nor the members
/// known.
std::vector<Explanation> explain(const json::value& schema, const json::value& value);

/// The keywords that explain() knows. A test holds every schema to them.
bool explainable_keyword(std::string_view keyword);

}  // namespace firebreak::content
