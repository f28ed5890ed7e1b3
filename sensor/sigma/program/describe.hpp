#pragma once

#include <functional>
#include <string_view>

#include "sensor/kit/json_writer.hpp"
#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// What a build calls the field at a position; empty for one that it does not supply.
using FieldNames = std::function<std::string_view(std::uint16_t)>;

/// Writes an element of "programs" in what an engine's describe() says (docs/sensor-abi.md): what
/// the rules of one file ask, whole, so that another program can make events for it.
void describe_program(sensor_kit::JsonWriter& out, std::string_view file, const Program& program,
                      const FieldNames& name_of_field);

/// Writes an element of "rules". @param program  The index of its program.
void describe_rule(sensor_kit::JsonWriter& out, const Rule& rule, std::uint64_t program);

}  // namespace firebreak::sigma
