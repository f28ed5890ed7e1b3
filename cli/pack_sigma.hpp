#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/content/bundle.hpp"
#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::cli {

/// What a pack file calls Sigma rules as their authors write them. The bundle holds them compiled
/// (sigma::kContentType).
inline constexpr std::string_view kSigmaRules = "sigma-rules";

/// Sigma rules, compiled for a bundle.
struct SigmaContent {
    std::vector<content::ContentFile> files;      ///< One for each contract with rules.
    std::vector<std::string> contracts;           ///< "process_creation_windows/v1:28".
    std::vector<std::string> capabilities;        ///< "sigma.op.regex".
    std::vector<sigma::CompileMessage> messages;  ///< Errors and warnings.
    std::size_t rules = 0;
    bool complete = false;  ///< Every rule compiled. When not, there are no files.
};

/// Compiles `rules`, all of them or none.
///
/// @returns what became of it, or the error of the format's limits.
[[nodiscard]] Result<SigmaContent> compile_sigma(const std::vector<content::ContentFile>& rules);

/// The messages, a line each, with `folder` in front of the files' names.
std::string lines_of(const std::vector<sigma::CompileMessage>& messages, const std::string& folder);
json::array json_of(const std::vector<sigma::CompileMessage>& messages, const std::string& folder);

}  // namespace firebreak::cli
