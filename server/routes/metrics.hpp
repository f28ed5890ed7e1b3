#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "core/rollout/rollout.hpp"

namespace firebreak::server {

/// What the controller knew at its last tick. Probes and scrapers read this and wait for nobody.
struct Status {
    Instant ticked{};
    Instant counted{};  ///< When `devices` was.
    std::string error;  ///< Why the last tick failed, for the log.
    std::string not_ready = "the controller has not begun";  ///< Why, or empty.
    std::string rollouts;                                    ///< rollout_metrics().
    std::int64_t devices = 0;
    std::int64_t log_sequence = 0;
    std::chrono::sys_seconds timestamp_signed{};
    std::chrono::sys_seconds timestamp_expires{};
};

/// Counters and gauges in the Prometheus text format, version 0.0.4.
///
/// Thread safety: any thread.
class Metrics {
public:
    void count_request(const std::string& method, const std::string& route, unsigned status);
    void count_report(std::string_view kind, std::string_view outcome);

    void set_status(Status status);
    Status status() const;

    std::string text(Instant now) const;

private:
    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, unsigned>, std::uint64_t> requests_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> reports_;
    Status status_;
};

/// The lines about live rollouts: phase, evidence, and per ring the window and what fills it.
std::string rollout_metrics(const std::vector<const rollout::Rollout*>& rollouts, Instant now);

}  // namespace firebreak::server
