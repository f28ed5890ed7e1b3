#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/thinned.hpp"
#include "core/base/json.hpp"
#include "core/rollout/log_replay.hpp"

namespace firebreak::cli {

/// How the evidence against one rollout went, while its log is replayed.
///
/// Limits: one point a second of the log's time, and of those kPointsMost (Thinned).
class EvidenceCourse {
public:
    struct Point {
        Instant time;
        rollout::Evidence evidence;
        std::int64_t activated = 0;
        std::int64_t confirmed = 0;
        std::string phase;
    };
    static constexpr std::size_t kPointsMost = 1024;

    explicit EvidenceCourse(rollout::RolloutId id) : id_(std::move(id)) {}

    /// To be called after each entry that `replay` took.
    void see(const rollout::LogReplay& replay);

    const rollout::RolloutId& id() const { return id_; }

    /// In the order of time; none when the log has no such rollout.
    std::vector<Point> points() const { return points_.values(); }

    /// A table of at most kRowsMost of them.
    std::string render() const;
    static constexpr std::size_t kRowsMost = 40;

    /// [{"time", "phase", "activated", "confirmed", "failed", "lost", "log10_e": {"all", "crash",
    /// "late", "control", "losses", "silence"}}, …]
    json::array to_json() const;

private:
    rollout::RolloutId id_;
    Thinned<Point, kPointsMost> points_;
};

}  // namespace firebreak::cli
