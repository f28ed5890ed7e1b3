#pragma once

#include <cstdint>

#include "sensor/sensor.h"

namespace firebreak::yara {

/// What one content has taken, and may take.
struct MemoryAccount {
    std::uint64_t bytes = 0;
    std::uint64_t bytes_max = 0;    ///< 0: no limit.
    std::uint64_t grace_bytes = 0;  ///< Taken beyond what was allowed; see memory.cpp.
    bool refused = false;  ///< An allocation was not allowed, since this was last cleared: what was
                           ///< made since then is not to be used.
};

/// Books every allocation libyara makes while this object lives to `account`. (Blocks remember
/// their account, so freeing needs none.) Not nested. One thread.
class AccountScope {
public:
    explicit AccountScope(MemoryAccount& account) noexcept;
    ~AccountScope();
    AccountScope(const AccountScope&) = delete;
    AccountScope& operator=(const AccountScope&) = delete;
};

/// Has libyara allocate through `replacement` (copied), or through the C library again (nullptr).
/// @returns false while blocks of the former one are still in use: they could not be released.
bool use_allocator(const fb_allocator* replacement) noexcept;

}  // namespace firebreak::yara
