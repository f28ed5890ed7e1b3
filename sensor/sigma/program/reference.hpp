#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// What a field holds: nothing, text, a whole number or a boolean.
using ReferenceValue = std::variant<std::monostate, std::string, std::int64_t, bool>;

/// One event, by the contract's positions. Positions past the end hold nothing.
using ReferenceEvent = std::vector<ReferenceValue>;

/// What program.hpp says, in the plainest code that does it: slow, and in no engine. Tests compare
/// the interpreter with it, and so does the validator, build by build: two programs that agree are
/// worth more than one.
bool reference_asks(const Predicate& predicate, const ReferenceEvent& event);

/// Whether `rule` of `program` matches.
bool reference_matches(const Program& program, const Rule& rule, const ReferenceEvent& event);

/// The ids of the rules that match, in their order.
std::vector<std::string> reference_evaluate(const Program& program, const ReferenceEvent& event);

}  // namespace firebreak::sigma
