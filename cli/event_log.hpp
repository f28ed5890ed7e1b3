#pragma once

#include "cli/api_client.hpp"

namespace firebreak::cli {

/// The server's log from entry `after` on, oldest first; also written to `out`, one JSON object a
/// line, unless that is empty.
[[nodiscard]] Result<Output> show_log(const Context& context, ApiClient& api, std::int64_t after,
                                      const std::string& out);

/// Checks the hash chain of a log, fetched whole from the server.
[[nodiscard]] Result<Output> verify_log(ApiClient& api);

/// The same for a file that show_log wrote: needs no server and trusts none.
[[nodiscard]] Result<Output> verify_log_file(const Context& context, const std::string& path);

/// Makes every decision of the log again (core/rollout/log_replay.hpp) and shows the rollouts as it
/// leaves them. @returns Errc::kCorrupt with the entry at the first that differs.
///
/// @param evidence_of  A rollout, "STREAM/COUNTER", whose evidence over time is shown too; or
///   empty.
[[nodiscard]] Result<Output> replay_log(ApiClient& api, const std::string& evidence_of);
[[nodiscard]] Result<Output> replay_log_file(const Context& context, const std::string& path,
                                             const std::string& evidence_of);

}  // namespace firebreak::cli
