#include "cli/evidence_course.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "cli/table.hpp"
#include "core/base/utc.hpp"

namespace firebreak::cli {
namespace {

constexpr std::chrono::seconds kAtMostEvery{1};

double log10_of(double log_e) {
    return log_e / std::log(10.0);
}

std::string text_of(double log_e) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.2f", log10_of(log_e));
    return text.data();
}

std::int64_t total(const rollout::Rollout& rollout, std::int64_t rollout::RingState::*count) {
    std::int64_t sum = 0;
    for (const rollout::RingState& ring : rollout.rings()) sum += ring.*count;
    return sum;
}

}  // namespace

void EvidenceCourse::see(const rollout::LogReplay& replay) {
    const auto found = replay.rollouts().find(id_);
    if (found == replay.rollouts().end()) return;
    const rollout::LogReplay::Replayed& now = found->second;
    const std::string_view phase = rollout::name_of(now.rollout.phase());
    const std::optional<Point>& last = points_.last();
    if (last && now.last_event < last->time + kAtMostEvery && phase == last->phase) return;
    points_.add({.time = now.last_event,
                 .evidence = now.rollout.evidence(now.last_event),
                 .activated = total(now.rollout, &rollout::RingState::activated),
                 .confirmed = total(now.rollout, &rollout::RingState::confirmed),
                 .phase = std::string(phase)});
}

std::string EvidenceCourse::render() const {
    const std::vector<Point> all = points();
    Table table({"time", "phase", "activated", "confirmed", "failed", "log10 E", "crash", "control",
                 "silence"});
    const std::size_t rows = std::min(all.size(), kRowsMost);
    for (std::size_t row = 0; row < rows; ++row) {
        const Point& at = all[rows == 1 ? 0 : row * (all.size() - 1) / (rows - 1)];
        const double control =
            rollout::log_mean_of(at.evidence.log_e_control, at.evidence.log_e_losses);
        table.add({format_utc_millis(at.time), at.phase, std::to_string(at.activated),
                   std::to_string(at.confirmed), std::to_string(at.evidence.failed_devices),
                   text_of(at.evidence.log_e), text_of(at.evidence.log_e_crash), text_of(control),
                   text_of(at.evidence.log_e_silence)});
    }
    return table.render();
}

json::array EvidenceCourse::to_json() const {
    json::array array;
    for (const Point& at : points()) {
        const rollout::Evidence& evidence = at.evidence;
        array.push_back({{"time", format_utc_millis(at.time)},
                         {"phase", at.phase},
                         {"activated", at.activated},
                         {"confirmed", at.confirmed},
                         {"failed", evidence.failed_devices},
                         {"lost", evidence.lost_devices},
                         {"log10_e",
                          {{"all", log10_of(evidence.log_e)},
                           {"crash", log10_of(evidence.log_e_crash)},
                           {"late", log10_of(evidence.log_e_late)},
                           {"control", log10_of(evidence.log_e_control)},
                           {"losses", log10_of(evidence.log_e_losses)},
                           {"silence", log10_of(evidence.log_e_silence)}}}});
    }
    return array;
}

}  // namespace firebreak::cli
