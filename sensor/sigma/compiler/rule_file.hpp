#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sensor/sigma/compiler/reporter.hpp"
#include "sensor/sigma/compiler/term.hpp"
#include "sensor/sigma/events/event_contract.hpp"

namespace firebreak::sigma {

/// One rule, compiled, before it is numbered into a program.
struct CompiledRule {
    const EventContract* contract = nullptr;
    Rule rule;  ///< Without nodes.
    Term logic;
};

/// Compiles the one rule of a file against the contract for its log source.
///
/// @returns nothing after an error; all errors are in `messages`, with their places.
std::optional<CompiledRule> compile_rule(const RuleSource& source,
                                         const std::vector<EventContract>& contracts,
                                         std::vector<CompileMessage>& messages);

}  // namespace firebreak::sigma
