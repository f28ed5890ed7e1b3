#pragma once

#include <vector>

#include "core/base/error.hpp"
#include "server/access/placement.hpp"
#include "server/rollout/drill.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// Knows the rings of the newest release of each stream, as the offline keys signed them. Reads the
/// content metadata again only when there is a newer release: thousands of devices may enrol in a
/// minute.
///
/// Thread safety: one thread at a time.
class RingRoster {
public:
    /// @param live   The newest release of each stream.
    /// @param drill  Their rings are nobody's: a drill must not place devices in the one it is of.
    /// @returns the store's error, or Errc::kCorrupt for metadata that does not read back.
    [[nodiscard]] Result<SignedRings> read(Store& store,
                                           const std::vector<const rollout::Rollout*>& live,
                                           const std::optional<DrillRules>& drill);

private:
    std::vector<rollout::RolloutId> of_;
    SignedRings rings_;
};

}  // namespace firebreak::server
