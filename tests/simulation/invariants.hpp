#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/truth.hpp"

namespace firebreak::simulation {

using Broken = std::optional<std::string>;  ///< The machine, the counter, the numbers.

/// Something that must hold whatever happens: of each machine, or of each counter.
struct Invariant {
    std::string_view name;  ///< "window", "recall": what --only and the planted bugs call it.
    Broken (*of_machine)(const Truth& truth, const Machine& machine, Instant now) = nullptr;
    Broken (*of_counter)(const Truth& truth, std::int64_t counter) = nullptr;
};

/// P1, P2, P3, P4 and what follows from them, in that order.
const std::vector<Invariant>& invariants();

/// Of the first that is broken, "name: what", whatever changed. @param only  Of one alone; empty:
/// of all.
Broken first_broken(const Truth& truth, Instant now, std::string_view only);

/// The same after an event: looks at the machines and counters that have changed, and forgets that
/// they did. Nothing of a machine is judged by another machine, nothing of a counter by another
/// counter; what changes of a counter is looked at in every machine.
Broken first_broken_by_change(Truth& truth, Instant now, std::string_view only);

}  // namespace firebreak::simulation
