#include "server/routes/metrics.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>

namespace firebreak::server {
namespace {

/// A label's value, quoted. Streams, rings, routes and methods are plain words of our own making.
std::string quoted(std::string_view text) {
    return json::serialize(json::value(json::string(text)));
}

std::string number(double value) {
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.6g", value);
    return {text.data(), static_cast<std::size_t>(length)};
}

void describe(std::string& out, std::string_view name, std::string_view type,
              std::string_view help) {
    out += "# HELP " + std::string(name) + " " + std::string(help) + "\n";
    out += "# TYPE " + std::string(name) + " " + std::string(type) + "\n";
}

void gauge(std::string& out, std::string_view name, std::string_view help, double value) {
    describe(out, name, "gauge", help);
    out += std::string(name) + " " + number(value) + "\n";
}

constexpr std::array kPhases{rollout::Phase::kReady, rollout::Phase::kRolling,
                             rollout::Phase::kHeld, rollout::Phase::kHalted,
                             rollout::Phase::kComplete};

std::string stream_label(const rollout::Rollout& rollout) {
    return "stream=" + quoted(rollout.id().stream);
}

/// One family with a line for each ring of each rollout.
template <class Value>
void per_ring(std::string& out, std::string_view name, std::string_view help,
              const std::vector<const rollout::Rollout*>& rollouts, Value value) {
    describe(out, name, "gauge", help);
    for (const rollout::Rollout* rollout : rollouts) {
        for (const rollout::RingState& ring : rollout->rings()) {
            out += std::string(name) + "{" + stream_label(*rollout) + ",ring=" + quoted(ring.name) +
                   "} " + std::to_string(value(ring)) + "\n";
        }
    }
}

}  // namespace

void Metrics::count_request(const std::string& method, const std::string& route, unsigned status) {
    const std::lock_guard lock(mutex_);
    ++requests_[{method, route, status}];
}

void Metrics::count_report(std::string_view kind, std::string_view outcome) {
    const std::lock_guard lock(mutex_);
    ++reports_[{std::string(kind), std::string(outcome)}];
}

void Metrics::set_status(Status status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
}

Status Metrics::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

std::string Metrics::text(Instant now) const {
    const std::lock_guard lock(mutex_);
    std::string out;
    describe(out, "firebreak_http_requests_total", "counter", "Requests answered.");
    for (const auto& [key, count] : requests_) {
        const auto& [method, route, status] = key;
        out += "firebreak_http_requests_total{method=" + quoted(method) +
               ",route=" + quoted(route) + ",status=\"" + std::to_string(status) + "\"} " +
               std::to_string(count) + "\n";
    }
    describe(out, "firebreak_reports_total", "counter", "Health reports by kind and outcome.");
    for (const auto& [key, count] : reports_) {
        out += "firebreak_reports_total{kind=" + quoted(key.first) +
               ",outcome=" + quoted(key.second) + "} " + std::to_string(count) + "\n";
    }
    describe(out, "firebreak_log_sequence", "counter", "Entries in the event log.");
    out += "firebreak_log_sequence " + std::to_string(status_.log_sequence) + "\n";

    const auto seconds_since = [&](Instant then) {
        return std::chrono::duration<double>(now - then).count();
    };
    gauge(out, "firebreak_ready", "1 when the server is ready.", status_.not_ready.empty() ? 1 : 0);
    gauge(out, "firebreak_devices", "Devices enrolled and not revoked.",
          static_cast<double>(status_.devices));
    gauge(out, "firebreak_timestamp_age_seconds", "Since the TUF timestamp was signed.",
          seconds_since(status_.timestamp_signed));
    gauge(out, "firebreak_timestamp_expires_in_seconds", "Until it expires; agents stop then.",
          -seconds_since(status_.timestamp_expires));
    gauge(out, "firebreak_controller_tick_age_seconds", "Since the controller last looked.",
          seconds_since(status_.ticked));
    return out + status_.rollouts;
}

std::string rollout_metrics(const std::vector<const rollout::Rollout*>& rollouts, Instant now) {
    std::string out;
    describe(out, "firebreak_rollout_counter", "gauge", "The newest counter of a stream.");
    for (const rollout::Rollout* rollout : rollouts) {
        out += "firebreak_rollout_counter{" + stream_label(*rollout) + "} " +
               std::to_string(rollout->id().counter) + "\n";
    }
    describe(out, "firebreak_rollout_phase", "gauge", "1 for the phase that it is in.");
    for (const rollout::Rollout* rollout : rollouts) {
        for (const rollout::Phase phase : kPhases) {
            out += "firebreak_rollout_phase{" + stream_label(*rollout) +
                   ",phase=" + quoted(rollout::name_of(phase)) + "} " +
                   (rollout->phase() == phase ? "1" : "0") + "\n";
        }
    }
    describe(out, "firebreak_rollout_log_e", "gauge", "Evidence against the bundle, ln E.");
    for (const rollout::Rollout* rollout : rollouts) {
        out += "firebreak_rollout_log_e{" + stream_label(*rollout) + "} " +
               number(rollout->evidence(now).log_e) + "\n";
    }
    per_ring(out, "firebreak_rollout_window", "W: devices that may be in flight at once.", rollouts,
             [](const rollout::RingState& ring) { return ring.window; });
    per_ring(out, "firebreak_rollout_unconfirmed", "Devices in flight, failed ones included.",
             rollouts, [](const rollout::RingState& ring) { return ring.unconfirmed; });
    per_ring(out, "firebreak_rollout_failed", "Devices that failed.", rollouts,
             [](const rollout::RingState& ring) { return ring.failed; });
    return out;
}

}  // namespace firebreak::server
