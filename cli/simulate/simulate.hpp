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
    std::string chart{};   ///< File for a chart (chart.hpp) of the median run; empty: none.
};

/// How far the runs are.
struct Progress {
    std::int64_t done = 0;
    std::int64_t runs = 1;
    std::int64_t harmed = 0;       ///< In all runs done.
    std::int64_t harmed_most = 0;  ///< In one of them.
};

/// "[######..............] 30 of 100 runs, harmed 150 (8 at most), 12.5 s left", for a terminal.
/// @param seconds  since the runs began.
std::string progress_text(const Progress& progress, double seconds);

/// Reads a fleet to simulate. Errors carry file, line and member.
[[nodiscard]] Result<FleetModel> read_fleet_model(const Context& context, const std::string& path);

/// Rolls a release out `runs` times to a modelled fleet (simulation.hpp) and sums up what came of
/// it. The same options, the same answer, whatever the threads. A chart is of the run whose harm is
/// the median (the first of those), which is run once more for it unless it is the only one.
///
/// @param progress  is called after each run, from one thread at a time.
/// @returns Errc::kBadInput for a plan, fleet or incident that is not one, or a chart of another
///   extension (before anything is run); an errno when the chart cannot be written.
[[nodiscard]] Result<Output> simulate(const Context& context, const SimulateOptions& options,
                                      const std::function<void(const Progress&)>& progress);

}  // namespace firebreak::cli
