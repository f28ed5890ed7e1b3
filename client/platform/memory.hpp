#pragma once

namespace firebreak::client {

/// Gives back to the system what the allocator holds and nobody uses: after an update, whose bundle
/// and metadata are gone, an agent is to be as small as before.
void give_back_memory();

}  // namespace firebreak::client
