#pragma once

#include "cli/api_client.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::cli {

/// "yara/41", as people name a rollout; and its path in the API. @returns Errc::kBadInput.
[[nodiscard]] Result<rollout::RolloutId> rollout_named(const std::string& name);
[[nodiscard]] Result<std::string> rollout_path(const std::string& name);

[[nodiscard]] Result<Output> list_rollouts(ApiClient& api);
[[nodiscard]] Result<Output> show_rollout(ApiClient& api, const std::string& name);

/// Why the rollout is where it is: what fills its window, what the next ring waits for, what would
/// halt it.
[[nodiscard]] Result<Output> explain_rollout(ApiClient& api, const std::string& name);

/// What a person orders.
struct RolloutOrder {
    std::string action;  ///< hold, resume, halt, approve, override or grant.
    std::string reason;  ///< Goes into the log.
    std::string ring{};  ///< Of the last three; for the others empty.
};

[[nodiscard]] Result<Output> change_rollout(ApiClient& api, const std::string& name,
                                            const RolloutOrder& order);

/// The member "gates" of an API object, a line for each: what it waits for, and "[x]" when it does
/// no longer.
[[nodiscard]] Result<std::string> gate_lines(const JsonObject& object);

/// A rollout as the API gives it, for people.
[[nodiscard]] Result<Output> render_rollout(const json::value& rollout);
[[nodiscard]] Result<Output> render_explanation(const json::value& rollout);

}  // namespace firebreak::cli
