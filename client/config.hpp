#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "client/enrolment.hpp"
#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/log.hpp"

namespace firebreak::client {

/// Caps on the process in which new content is loaded first.
struct TrialLimits {
    std::chrono::seconds seconds_max{30};
    std::uint64_t memory_bytes_max = 1U << 30U;
};

/// What an agent is told by its administrator. Schema: schemas/agent-config.v1.json; all paths are
/// absolute here.
struct AgentConfig {
    std::string server;
    std::optional<std::filesystem::path> ca;  ///< Nothing: the system's authorities.
    std::filesystem::path trusted_root;
    std::filesystem::path state;
    std::filesystem::path engine;  ///< As sensor::EngineLocation writes it: may be "exec:…".
    std::string stream;
    std::optional<std::filesystem::path> enrolment_token_file;
    Attributes attributes;  ///< Only what the file sets.
    std::vector<std::filesystem::path> watch;
    std::chrono::seconds scan_every{60};
    std::vector<std::filesystem::path> event_logs;
    std::chrono::seconds read_events_every{2};
    std::int64_t unconfirmed_starts_max = 2;
    std::uint64_t alerts_per_minute_max = 1'000;
    std::chrono::seconds poll_min{1};
    TrialLimits trial;
    Severity log_least = Severity::kInfo;
};

/// Reads and checks `file`. @returns the configuration, or every issue in one line with its place
/// ("agent.yaml:3:9: …"), or why the file could not be read.
[[nodiscard]] Result<AgentConfig> load_config(const FileStore& store,
                                              const std::filesystem::path& file);

}  // namespace firebreak::client
