#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma::museum {

/// What the contract document says, and what the integration of this build fills.
inline constexpr std::string_view kContract = "ipc_template/v1";
inline constexpr std::size_t kFieldsOfContract = 21;
inline constexpr std::size_t kFieldsSupplied = 20;

/// Whether `rule` matches. THE DEFECT: `fields` is read wherever the rule says, and nobody knows
/// how long it is.
bool matches(const Program& program, const Rule& rule, const fb_field* fields);

}  // namespace firebreak::sigma::museum
