#pragma once

#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::cli {

/// The messages, a line each, with `folder` in front of the files' names.
std::string lines_of(const std::vector<sigma::CompileMessage>& messages, const std::string& folder);
json::array json_of(const std::vector<sigma::CompileMessage>& messages, const std::string& folder);

}  // namespace firebreak::cli
