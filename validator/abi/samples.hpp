#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace firebreak::validator {

/// Content to check an engine with, and an input that its rules match.
struct AbiSample {
    std::vector<std::pair<std::string, std::string>> files;  ///< Name and bytes.
    std::string input;
};

/// The built-in sample for a content type; nothing where there is none, and --content is needed.
std::optional<AbiSample> built_in_sample(std::string_view content_type);

}  // namespace firebreak::validator
