#pragma once

#include <functional>
#include <vector>

#include "validator/report/finding.hpp"
#include "validator/sandbox/shared_memory.hpp"

namespace firebreak::validator {

/// Says whether a part of the content still shows the fault. Costs a fresh worker each time.
using FaultProbe = std::function<bool(const std::vector<FileView>&)>;

/// What is left of a content when everything that is not needed for its fault is gone.
struct Culprit {
    std::vector<FileView> files;  ///< Views into what was given. Shows the fault.
    Place place{};                ///< The file, when one is to blame, and the line it begins at.
    std::uint32_t last_line = 0;
    std::uint64_t probes = 0;
};

/// Narrows a fault down to a file, and in a file of text to a range of lines, by halving.
///
/// Knows nothing of the content's language: it cuts whole files, then lines from the end, then
/// lines
/// from the start, and keeps a cut when the fault is still there. So it finds the rule in any
/// format
/// of lines, provided that the fault shows as soon as the engine has read that far.
///
/// @param files       Shows the fault. @pre not empty.
/// @param probes_max  After this many it stops with what it has.
Culprit bisect(const std::vector<FileView>& files, const FaultProbe& shows_fault,
               std::uint64_t probes_max);

}  // namespace firebreak::validator
