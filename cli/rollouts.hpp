#pragma once

#include "cli/api_client.hpp"

namespace firebreak::cli {

/// "yara/41", as people name a rollout. @returns the API path, or Errc::kBadInput.
[[nodiscard]] Result<std::string> rollout_path(const std::string& name);

[[nodiscard]] Result<Output> list_rollouts(ApiClient& api);
[[nodiscard]] Result<Output> show_rollout(ApiClient& api, const std::string& name);

/// Why the rollout is where it is: what fills its window, what the next ring waits for, what would
/// halt it.
[[nodiscard]] Result<Output> explain_rollout(ApiClient& api, const std::string& name);

/// hold, resume or halt, with the reason that goes into the log.
[[nodiscard]] Result<Output> change_rollout(ApiClient& api, const std::string& name,
                                            const std::string& action, const std::string& reason);

/// A rollout as the API gives it, for people.
[[nodiscard]] Result<Output> render_rollout(const json::value& rollout);
[[nodiscard]] Result<Output> render_explanation(const json::value& rollout);

}  // namespace firebreak::cli
