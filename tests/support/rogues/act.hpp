#pragma once

namespace rogue {

/// The one thing a rogue does that no engine may do. Each is bounded, so that a broken sandbox
/// costs a failed test and not the machine: processes and threads end within 20 s, memory stops at
/// 8 GiB.
void act();

}  // namespace rogue
