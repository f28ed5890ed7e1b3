#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/log.hpp"
#include "server/access/placement.hpp"
#include "server/rollout/drill.hpp"

namespace firebreak::server {

/// firebreakd's configuration (schemas/server-config.v1.json), read. Paths are absolute, or
/// relative
/// to where the program was started when the config's own path was.
struct Config {
    std::string address;
    std::uint16_t port = 0;
    std::filesystem::path certificate;
    std::filesystem::path private_key;
    std::filesystem::path state;
    std::filesystem::path online_key;
    std::filesystem::path online_passphrase;
    std::vector<std::filesystem::path> validator_keys;

    std::uint64_t body_bytes_max = 1U << 20U;
    std::uint64_t bundle_bytes_max = 256U << 20U;
    std::uint32_t connections_max = 4'096;
    std::uint32_t header_bytes_max = 16'384;

    std::chrono::seconds handshake_timeout{10};
    std::chrono::seconds read_timeout{30};
    std::chrono::seconds write_timeout{30};
    std::chrono::seconds idle_timeout{60};

    std::chrono::milliseconds tick{1'000};
    std::chrono::seconds timestamp_lifetime{3'600};
    std::chrono::seconds snapshot_lifetime{86'400};
    std::chrono::seconds rollout_lifetime{86'400};
    std::chrono::seconds device_active{604'800};
    PlacementRules placement{};
    bool lab_plans = false;             ///< Whether plans without floors (velocity lab) are taken.
    std::optional<DrillRules> drill{};  ///< Nothing: no drills are held.
    Severity log_level = Severity::kInfo;
};

/// Reads and checks `file`.
///
/// @returns the configuration, or the error with file, line and member ("firebreakd.yaml:3:5: …").
[[nodiscard]] Result<Config> read_config(const FileStore& files, const std::filesystem::path& file);

}  // namespace firebreak::server
