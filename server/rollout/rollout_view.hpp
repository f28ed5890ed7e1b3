#pragma once

#include "core/base/json.hpp"
#include "core/rollout/rollout.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// A rollout as the API shows it (docs/api.md), at `now`.
json::object view_of(const rollout::Rollout& rollout, const Release& release, Instant now);

/// "gates" of a rollout, likewise.
json::array gates_view(const rollout::Rollout& rollout, Instant now);

}  // namespace firebreak::server
