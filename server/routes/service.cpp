#include "server/routes/service.hpp"

namespace firebreak::server {
namespace {

/// The status is for people and scrapers; counting a large fleet is not free.
constexpr std::chrono::seconds kCountEvery{5};

/// Why the server should not get traffic, or nothing. A constant text: probes are for everybody.
std::string why_not_ready(const DriverHealth& health, const Repository& repository, Instant now) {
    if (health.store) return "the store does not take writes";
    if (health.repository) return "the repository cannot be published";
    if (repository.timestamp_expires() <= now) return "the timestamp has expired";
    return {};
}

}  // namespace

void Service::tick() {
    const Result<void> advanced = parts.driver.advance();
    Status status = metrics.status();
    const std::string error = advanced ? std::string() : advanced.error().to_string();
    // Once, not at every tick for as long as the disk is full.
    if (error != status.error && !error.empty()) {
        parts.log.error("controller.failed", {{"error", error}});
    }
    if (error.empty() && !status.error.empty()) parts.log.info("controller.recovered");
    status.error = error;
    const Instant now = parts.clock.now();
    const bool counts = now < status.ticked || now - status.counted >= kCountEvery;
    status.ticked = now;
    status.not_ready = why_not_ready(parts.driver.health(), parts.repository, now);
    status.timestamp_signed = parts.repository.timestamp_signed();
    status.timestamp_expires = parts.repository.timestamp_expires();
    status.rollouts = rollout_metrics(parts.driver.live(), now);
    if (parts.driver.drill_rules()) status.rollouts += drill_metrics(parts.driver.last_drill());
    if (counts) {
        status.counted = now;
        status.devices = parts.store.device_count().value_or(status.devices);
    }
    const Result<std::optional<rollout::LogEntry>> last = parts.store.last_entry();
    if (last && *last) status.log_sequence = (*last)->sequence;
    metrics.set_status(std::move(status));
}

}  // namespace firebreak::server
