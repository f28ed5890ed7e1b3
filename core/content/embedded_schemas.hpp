#pragma once

#include <span>
#include <string_view>

namespace firebreak::content {

struct EmbeddedSchema {
    std::string_view name;  ///< "ring-plan.v1".
    std::string_view text;
};

/// Every schemas/*.json, put into the program by core/content/CMakeLists.txt, sorted by name: a
/// program must not depend on where its schemas were installed.
std::span<const EmbeddedSchema> embedded_schemas();

}  // namespace firebreak::content
