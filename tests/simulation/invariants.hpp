#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/truth.hpp"

namespace firebreak::simulation {

/// Something that must hold whatever happens: looked at after each event.
struct Invariant {
    std::string_view name;  ///< "window", "recall": what --only and the planted bugs call it.
    /// @returns what is broken: the machine, the counter, the numbers. Nothing while it holds.
    std::optional<std::string> (*check)(const Truth& truth, Instant now);
};

/// P1, P2, P3, P4 and what follows from them, in that order.
const std::vector<Invariant>& invariants();

/// Of the first that is broken, "name: what". @param only  Of one alone; empty: of all.
std::optional<std::string> first_broken(const Truth& truth, Instant now, std::string_view only);

}  // namespace firebreak::simulation
