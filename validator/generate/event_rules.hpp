#pragma once

#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::validator {

/// What an engine says its rules about events ask (docs/sensor-abi.md, "Description"): the
/// `programs` of a description, each with its rules. Comes from a process that has seen content, so
/// everything is checked as if it were a rule file (check_program()).
///
/// @returns no element when the description has no programs: the engine cannot say it so.
///   Errc::kMalformed or Errc::kInvalid, with the place, for anything that is no such description.
/// Tests: tests/unit/validator/event_solver_test.cpp.
[[nodiscard]] Result<std::vector<sigma::Program>> read_event_rules(const json::value& description);

/// The program with these of its rules alone, and what they ask.
/// @pre they are rules of `program`.
sigma::Program only_rules(const sigma::Program& program, std::span<const sigma::Rule> rules);

}  // namespace firebreak::validator
