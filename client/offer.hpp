#pragma once

#include <chrono>
#include <string>

#include "client/repository.hpp"
#include "client/update_cycle.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::client {

/// What a view of the repository means for this device.
struct Verdict {
    Event event = NothingOffered{};  ///< Offered, NothingOffered or Recalled.
    trust::ContentTerms terms;       ///< With Offered: under which it may be installed.
    std::string why_not;             ///< With NothingOffered: for the log.
};

/// Decides by the ring rule (trust::may_install), a recall first. No I/O.
///
/// @param active  What runs here.
Verdict judge(const RepositoryView& view, const trust::DeviceState& device,
              const std::optional<Placed>& active, std::chrono::sys_seconds now);

}  // namespace firebreak::client
