#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::validator {

/// An error rejects the bundle. A warning is for people, and changes no verdict.
enum class Level { kError, kWarning };

std::string_view to_string(Level level);

/// A kind of finding. Ids are stable: they stand in dashboards, allow-lists and SARIF baselines.
/// docs/findings.md explains each of them; tests/unit/validator/finding_test.cpp keeps the two
/// together.
struct FindingRule {
    std::string_view id;    ///< "FB701": the hundreds are the stage.
    std::string_view name;  ///< "goodware-match".
    Level level;
    std::string_view title;   ///< What is wrong, in one sentence.
    std::string_view remedy;  ///< What to do about it.
};

/// All rules, by id.
std::span<const FindingRule> finding_rules();

/// @pre `id` is one of them.
const FindingRule& finding_rule(std::string_view id);

/// Where in the content it is. Whatever is not known stays empty or 0.
struct Place {
    std::string file;
    std::uint32_t line = 0;
    std::string rule;
};

/// One thing that is wrong with the bundle. Two runs with one seed find the same, to the byte, in
/// all members but `measured`.
struct Finding {
    std::string id{};
    std::string stage{};
    Place place{};
    std::string message{};     ///< One line: what happened here, with its names and numbers.
    std::string build{};       ///< "yara 4.2.3": the engine build it was seen in; empty: none.
    std::string input{};       ///< What was scanned, where something was: a path.
    std::string evidence{};    ///< The engine's words, or what matched.
    std::string measured{};    ///< Times and sizes of this run, which are in no other member.
    std::string reproducer{};  ///< A file for `firebreak-validate reproduce`; empty: none.
    std::string command{};     ///< The command line that replays it; empty: none.
    std::string waived{};      ///< Who waived it, until when and why; empty: nobody.
    /// How many of kReplays fresh processes showed it again; nullopt: none was asked.
    std::optional<int> seen_again{};
    std::string minimised{};      ///< "12 of 4096 bytes": what is left of the reproducer's input.
    std::size_t case_number = 0;  ///< Of the reproducer that the run keeps, from 1; 0: none.
};

/// How often a finding is replayed, each time in a fresh process.
inline constexpr int kReplays = 3;

/// "3 of 3"; "not reproducible: 0 of 3"; empty where nothing was replayed.
std::string replay_words(const Finding& finding);

/// Whether `finding` rejects the bundle: an error that nobody waived.
bool rejects(const Finding& finding);

/// The same for two runs that found the same thing: hex SHA-256 over id, place without line, build
/// and input. SARIF viewers recognise old findings by it.
std::string fingerprint(const Finding& finding);

}  // namespace firebreak::validator
