#pragma once

#include <string_view>

#include "validator/sandbox/verdict.hpp"

namespace firebreak::validator {

/// The id of the finding that an outcome other than kAccepted is, while content is loaded, an input
/// is scanned, or one was made to find faults. @pre neither kAccepted nor kNotRun.
std::string_view load_fault_id(Outcome outcome);
std::string_view scan_fault_id(Outcome outcome);
std::string_view fuzz_fault_id(Outcome outcome);

}  // namespace firebreak::validator
