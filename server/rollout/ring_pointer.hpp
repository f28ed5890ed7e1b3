#pragma once

#include <cstdint>
#include <string>

#include "core/rollout/rollout.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::server {

/// What the online role says of `rollout`: rings/<stream>.json.
///
/// Each ring's state is the word agents act on: "closed" before it opens, "rolling", "complete"
/// once
/// it is baked, "held" and "halted" for every open ring at once. A halt recalls the counter to
/// `last_known_good`, and so works on devices that have it already.
///
/// @param target            Where the bundle is: "content/yara/41.fbb".
/// @param last_known_good   The stream's last completed counter before this one; 0: none.
trust::RingPointer ring_pointer_of(const rollout::Rollout& rollout, std::string target,
                                   std::int64_t last_known_good);

}  // namespace firebreak::server
