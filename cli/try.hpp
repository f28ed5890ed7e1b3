#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace firebreak::cli {

/// What the inputs are expected to do, for CI.
enum class Expectation { kNothing, kMatch, kNoMatch };

struct TryOptions {
    std::string rules;                ///< A .yml or .yar file, a folder of them, or a bundle.
    std::vector<std::string> inputs;  ///< Events as JSON or JSONL for Sigma; files or folders for
                                      ///< YARA.
    std::string engine;         ///< The engine to run; empty: sigma.so or yara.so in engine_folder.
    std::string engine_folder;  ///< Where the engines of this installation are.
    std::string contract;       ///< Takes every event for one of this contract; empty: by itself.
    Expectation expectation = Expectation::kNothing;
};

/// Runs rules over events or files, in this process, and says what matched: rule, where it is
/// written, input, and the fields and values that did. Rules that do not compile are named, each
/// on a line, and the others still run.
///
/// @returns the report. Its exit code: 0, or 1 when an expectation is not met, or 2 when a rule did
///   not compile. Errc::kBadInput for rules, events or options that cannot be used, with the place.
[[nodiscard]] Result<Output> try_rules(const Context& context, const TryOptions& options);

}  // namespace firebreak::cli
