#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "core/content/bundle.hpp"
#include "sensor/host/engine.hpp"
#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::cli {

/// A rule as a report names it.
struct TriedRule {
    std::string title;
    std::string file;
    std::uint64_t line = 0;
    std::string level;
};

/// Rules in the engine that runs them.
struct TriedRules {
    bool events = false;  ///< Sigma; otherwise YARA.
    std::unique_ptr<sensor::Engine> engine;
    std::unique_ptr<sensor::LoadedContent> content;  ///< nullptr: there is no rule to run.
    std::map<std::string, TriedRule> rules;          ///< By what the engine calls them.
    std::set<std::string> contracts;                 ///< Those that have rules.
    std::vector<sigma::CompileMessage> messages;
    std::size_t failed = 0;  ///< Rules that did not compile.
};

/// Finds, compiles and loads rules.
///
/// @param path    A .yml, .yaml, .yar or .yara file, a folder of such files, or a bundle (.fbb).
/// @param engine  The engine to load; empty: sigma.so or yara.so in `engine_folder`.
/// @returns Errc::kBadInput when there are no rules, or of both kinds; what engine or reader say.
[[nodiscard]] Result<TriedRules> load_rules(const Context& context, const std::string& path,
                                            const std::string& engine,
                                            const std::string& engine_folder);

/// Every regular file at or below `path`, sorted; links are not followed.
[[nodiscard]] Result<std::vector<std::string>> files_below(const std::string& path);

}  // namespace firebreak::cli
