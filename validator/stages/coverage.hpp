#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/program/program.hpp"
#include "validator/run.hpp"

namespace firebreak::validator {

/// That a rule asks something of a field, and whether an engine was seen to do so.
struct UsedField {
    Place place;  ///< Of the rule.
    std::string contract;
    std::uint16_t field = 0;  ///< Position, or kAnyField.
    sigma::Op op = sigma::Op::kPresent;
    bool met = false;
    bool missed = false;

    /// "field 3 of process_creation_windows/v1, contains".
    std::string name() const;
};

/// Every (rule, field, op) of the programs, none twice.
std::vector<UsedField> used_fields(const std::vector<sigma::Program>& programs);

/// Marks what an engine says that its rules have read (docs/sensor-abi.md, "Coverage"). What it
/// says of rules and fields that nobody uses is passed over.
///
/// @returns Errc::kMalformed or Errc::kInvalid for what is no coverage.
[[nodiscard]] Result<void> mark_read(const json::value& coverage, std::vector<UsedField>& used);

FieldCoverage summary_of(std::string build, std::uint64_t rules, std::uint64_t unsatisfied,
                         const std::vector<UsedField>& used);

}  // namespace firebreak::validator
