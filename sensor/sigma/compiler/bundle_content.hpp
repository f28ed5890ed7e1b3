#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/content/bundle.hpp"
#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::sigma {

/// What a pack file calls Sigma rules as their authors write them. The bundle holds them compiled
/// (kContentType).
inline constexpr std::string_view kSourceType = "sigma-rules";

/// Sigma rules, compiled for a bundle: its files, and what its manifest must name.
struct BundleContent {
    std::vector<content::ContentFile> files;  ///< One for each contract with rules.
    std::vector<std::string> contracts;       ///< "process_creation_windows/v1:28".
    std::vector<std::string> capabilities;    ///< "sigma.op.regex".
    std::vector<CompileMessage> messages;     ///< Errors and warnings.
    std::size_t rules = 0;
    bool complete = false;  ///< Every rule compiled. When not, there are no files.
};

/// Compiles `rules` against `contracts`, all of them or none.
///
/// @returns what became of it, or the error of the format's limits.
[[nodiscard]] Result<BundleContent> compile_for_bundle(
    const std::vector<content::ContentFile>& rules,
    const std::vector<EventContract>& contracts = event_contracts());

}  // namespace firebreak::sigma
