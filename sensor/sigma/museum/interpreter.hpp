#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/sigma/museum/defect.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma::museum {

/// Whether `rule` matches. THE DEFECT of kArity: `fields` is read wherever the rule says, and
/// nobody knows how long it is.
bool matches(const Program& program, const Rule& rule, const fb_field* fields);

}  // namespace firebreak::sigma::museum
