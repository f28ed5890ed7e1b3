#pragma once

#include <string>
#include <vector>

#include "sensor/sigma/program/program.hpp"
#include "validator/stages/attempt.hpp"

namespace firebreak::validator {

/// A content in which something is too costly, and who knows what about its rules.
struct BlameCase {
    const std::vector<FileView>& files;
    const std::vector<Place>& rule_places;        ///< Where the engine says each rule stands.
    const std::vector<sigma::Program>& programs;  ///< Of event engines, else none.
    const std::string& rule;                      ///< The first suspect; may be empty.
};

struct Blame {
    Place place{};  ///< The rule; of what could not be told, as much as could.
    /// What is left of the content when what comes behind the rule is gone: enough to show it.
    std::vector<content::ContentFile> files{};
};

/// Names the rule for which `shows` holds, by leaving out all that comes behind a rule, which no
/// rule that comes before can miss: cutting lines out of the middle would leave half a rule.
///
/// Takes about as many probes as it takes to halve the number of files and of rules in a file, and
/// two to be sure of either.
/// @pre shows(files).
/// @param shows  May miss, on a busy machine, what shows: once in a while, and never see what does
///   not.
/// Tests: tests/unit/validator/blame_test.cpp.
Blame blame(const BlameCase& of, const FaultProbe& shows);

}  // namespace firebreak::validator
