#include "client/vitals.hpp"

#include <algorithm>
#include <cmath>

namespace firebreak::client {
namespace {

constexpr std::chrono::minutes kMinute{1};
constexpr double kBytesInMib = 1U << 20U;
/// What a scan costs before the first byte, as bytes: many tiny files are no slow content.
constexpr double kBytesOfACall = 64U << 10U;
/// Less processor time than this says nothing.
constexpr double kEnoughMillis = 2'000;
/// Times as slow as what ran before. The validator warns of a fifth and rejects twice (FB904,
/// FB905), on files that it knows: here they are others each time, and the machine is shared.
constexpr double kSlowTimes = 4;
/// Times as many alerts as the worst minute of what ran before.
constexpr std::uint64_t kFloodTimes = 10;

std::string rounded(double value) {
    return std::to_string(std::llround(value));
}

}  // namespace

struct Vitals::Limits {
    const char* unit;
    double harmless;  ///< Milliseconds a unit: below, nobody minds how often as slow it is.
    double most;      ///< The same, where there is nothing to compare with.
};

void Vitals::begin(bool watched) {
    if (confirmed_) remember();
    seen_ = {};
    confirmed_ = !watched;
    watched_ = watched;
    alerts_ = 0;
    minute_began_ = {};
    trouble_.clear();
}

/// What said too little to compare with leaves what did before it.
void Vitals::remember() {
    if (!good_) good_.emplace();
    if (seen_.files.millis >= kEnoughMillis) good_->files = seen_.files;
    if (seen_.events.millis >= kEnoughMillis) good_->events = seen_.events;
    good_->alerts_most = std::max(good_->alerts_most, seen_.alerts_most);
}

void Vitals::saw(Pace& pace, const Pace& before, double units, Nanoseconds took,
                 const Limits& limits) {
    pace.units += units;
    pace.millis += std::chrono::duration<double, std::milli>(took).count();
    if (!watched_ || !trouble_.empty() || pace.millis < kEnoughMillis) return;
    const double now = pace.millis / pace.units;
    const bool comparable = before.millis >= kEnoughMillis;
    const double then = comparable ? before.millis / before.units : 0;
    const double most = comparable ? std::max(limits.harmless, kSlowTimes * then) : limits.most;
    if (now <= most) return;
    trouble_ = "slow: " + rounded(now) + " ms of processor time for " + limits.unit;
    if (comparable) trouble_ += ", " + rounded(then) + " with the content before";
}

void Vitals::saw_alerts(std::uint64_t count, TimePoint now) {
    if (now - minute_began_ >= kMinute) {
        minute_began_ = now;
        alerts_ = 0;
    }
    alerts_ += count;
    seen_.alerts_most = std::max(seen_.alerts_most, alerts_);
    const std::uint64_t most =
        good_ ? std::max(alerts_per_minute_max_, kFloodTimes * good_->alerts_most)
              : kFloodTimes * alerts_per_minute_max_;
    if (!watched_ || !trouble_.empty() || alerts_ <= most) return;
    trouble_ = "alert flood: " + std::to_string(alerts_) + " in a minute";
    if (good_) {
        trouble_ += ", at most " + std::to_string(good_->alerts_most) + " with the content before";
    }
}

void Vitals::saw_file(std::uint64_t bytes, Nanoseconds took, std::uint64_t alerts, TimePoint now) {
    static constexpr Limits kFiles{.unit = "a MiB", .harmless = 50, .most = 1'000};
    const double mib = (static_cast<double>(bytes) + kBytesOfACall) / kBytesInMib;
    saw(seen_.files, good_.value_or(Seen{}).files, mib, took, kFiles);
    saw_alerts(alerts, now);
}

void Vitals::saw_event(Nanoseconds took, std::uint64_t alerts, TimePoint now) {
    static constexpr Limits kEvents{.unit = "an event", .harmless = 0.1, .most = 10};
    saw(seen_.events, good_.value_or(Seen{}).events, 1, took, kEvents);
    saw_alerts(alerts, now);
}

Result<std::vector<sensor::Match>> MeteredSensor::scan(std::string_view name, ByteView bytes) {
    const auto before = sensor_.processor_time();
    Result<std::vector<sensor::Match>> matches = sensor_.scan(name, bytes);
    vitals_.saw_file(bytes.size(), sensor_.processor_time() - before, matches ? matches->size() : 0,
                     clock_.steady());
    return matches;
}

Result<std::vector<sensor::Match>> MeteredSensor::evaluate(const fb_input& input) {
    const auto before = sensor_.processor_time();
    Result<std::vector<sensor::Match>> matches = sensor_.evaluate(input);
    vitals_.saw_event(sensor_.processor_time() - before, matches ? matches->size() : 0,
                      clock_.steady());
    return matches;
}

}  // namespace firebreak::client
