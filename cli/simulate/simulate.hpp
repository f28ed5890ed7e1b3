#pragma once

#include <functional>

#include "cli/command.hpp"
#include "cli/simulate/fleet_model.hpp"

namespace firebreak::cli {

struct SimulateOptions {
    std::string plan;
    std::string fleet;
    std::string incident;
    std::int64_t runs = 1;
    std::uint64_t seed = 1;
    int hours = 48;        ///< Of simulated time, at most.
    unsigned threads = 0;  ///< 0: as many as there are cores.
};

/// Reads a fleet to simulate. Errors carry file, line and member.
[[nodiscard]] Result<FleetModel> read_fleet_model(const Context& context, const std::string& path);

/// Rolls a release out `runs` times to a modelled fleet (simulation.hpp) and sums up what came of
/// it. The same options, the same answer, whatever the threads.
///
/// @param progress  is called with the runs done, from one thread at a time.
/// @returns Errc::kBadInput for a plan, fleet or incident that is not one.
[[nodiscard]] Result<Output> simulate(const Context& context, const SimulateOptions& options,
                                      const std::function<void(std::int64_t)>& progress);

}  // namespace firebreak::cli
