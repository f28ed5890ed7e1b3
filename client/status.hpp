#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "client/state_file.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/json.hpp"

namespace firebreak::client {

/// Where everything stands in the state folder.
struct StatePaths {
    explicit StatePaths(std::filesystem::path state_folder);

    std::filesystem::path folder;
    std::filesystem::path state;       ///< state.json: what must not be forgotten (state_file.hpp).
    std::filesystem::path status;      ///< status.json: for people and tools; never read back.
    std::filesystem::path history;     ///< history.jsonl: what happened to content here.
    std::filesystem::path detections;  ///< detections.jsonl: what content found.
    std::filesystem::path identity;    ///< identity.json: from enrolment; secret.
    std::filesystem::path device_key;  ///< device.key: secret.
    std::filesystem::path black_box;   ///< Whether the sensor was at work (process_guard.hpp).
    std::filesystem::path slots;
    std::filesystem::path metadata;  ///< tuf/: trusted metadata.
};

inline constexpr std::uint64_t kStatusBytesMax = 1U << 20U;

/// What this device is, and what last went right and wrong, beside its AgentState.
struct StatusNotes {
    std::string device;
    std::string tenant;
    std::string ring;
    std::string stream;
    std::string engine_build;
    std::optional<Instant> last_refresh;  ///< The last that succeeded.
    std::string last_error;               ///< Empty once all went well again.
    std::string not_installed;            ///< Why the last offer is not for this device now.
};

/// {"device", "ring", "running_counter", "last_known_good", "phase", "attempts", "quarantined",
/// "healed", "last_error", …}; docs/agent.md explains each. Counters are 0 for "none".
json::object status_json(const AgentState& state, const StatusNotes& notes);

/// The status of an agent that may or may not be running, from its state folder alone.
/// @returns Errc::kNotFound when no agent has ever used the folder; Errc::kCorrupt.
[[nodiscard]] Result<json::object> read_status(const FileStore& store, const StatePaths& paths);

}  // namespace firebreak::client
