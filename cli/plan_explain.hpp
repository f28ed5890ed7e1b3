#pragma once

#include "cli/command.hpp"

namespace firebreak::cli {

struct ExplainPlanOptions {
    std::string plan;
    std::string fleet;  ///< Fleet model; empty: what depends on a fleet is left out.
};

/// Says in words and numbers what a ring plan will do: the rings and what each waits for, what
/// stops a release and how soon each kind of fault is seen, how often a good one is stopped; with a
/// fleet also when each ring opens at the earliest and the most devices that are harmed meanwhile.
/// The numbers come from the very functions that the server decides with.
///
/// @returns Errc::kBadInput for a plan or fleet that is not one, or that do not fit each other.
[[nodiscard]] Result<Output> explain_plan(const Context& context,
                                          const ExplainPlanOptions& options);

}  // namespace firebreak::cli
