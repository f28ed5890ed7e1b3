#pragma once

#include "client/config.hpp"
#include "client/device_identity.hpp"
#include "client/status.hpp"

namespace firebreak::client {

/// How firebreak-agent ends; documented in its --help.
enum class ExitCode : int {
    kDone = 0,
    kFailed = 1,
    kUsage = 2,        ///< Also for a configuration that is wrong.
    kCannotStart = 3,  ///< A file or folder it needs is not to be had, or not allowed to enrol.
};

/// What went wrong, and how the process is to end for it.
struct Failure {
    ExitCode code = ExitCode::kFailed;
    Error error;
};

/// `firebreak-agent run`: enrols if need be, then works until SIGTERM or SIGINT. Logs to stderr.
[[nodiscard]] tl::expected<void, Failure> run_agent(const AgentConfig& config);

/// `firebreak-agent enrol`: once, without trying again. @returns the identity, also when the device
/// had enrolled before.
[[nodiscard]] tl::expected<Identity, Failure> enrol_device(const AgentConfig& config);

}  // namespace firebreak::client
