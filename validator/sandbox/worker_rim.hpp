#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak::validator {

/// What a worker does with the descriptors that it was started with. Nothing that is mapped is ever
/// unmapped: a worker has one of each.

/// The whole of it, over the channel. @returns false when the supervisor is gone.
bool write_all(ByteView bytes);
bool read_all(std::span<std::uint8_t> bytes);

/// Hands the seccomp listener to the supervisor along with the answer.
bool send_with_descriptor(const Bytes& frame, int descriptor);

/// The handler of SIGABRT.
///
/// The first process of a PID namespace survives a plain abort(), because the kernel does not
/// deliver to it what it has no handler for. So abort() is told to the supervisor, who ends it all.
/// Async-signal-safe: two system calls and no memory.
void tell_abort(int signal);

/// `descriptor` mapped read-only with an inaccessible page before and behind.
///
/// @returns an errno.
[[nodiscard]] Result<ByteView> map_guarded(int descriptor, std::uint64_t bytes, int sharing);

/// The first slots of the input area once more, each with an inaccessible page behind it.
///
/// @returns an errno.
[[nodiscard]] Result<std::vector<ByteView>> map_slots(int descriptor, std::size_t slots);

/// The whole batch area, writable.
///
/// @returns an errno.
[[nodiscard]] Result<std::span<std::uint8_t>> map_batch_area(int descriptor);

}  // namespace firebreak::validator
