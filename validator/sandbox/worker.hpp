#pragma once

namespace firebreak::validator {

/// The whole life of a worker: what this program does when it is called as kWorkerCommand. Talks to
/// its supervisor over kChannelDescriptor until that is closed.
///
/// @returns the exit code. An engine decides over this process from the moment it is opened, so
///   the supervisor draws no conclusion from it.
int run_worker();

}  // namespace firebreak::validator
