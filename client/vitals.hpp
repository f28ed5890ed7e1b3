#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/live_sensor.hpp"
#include "core/base/clock.hpp"

namespace firebreak::client {

/// What the content in force costs and finds, against what ran before it in this process: content
/// that makes a device slow, or that cries wolf, kills nothing and harms all the same.
///
/// Content is watched from its activation until other content is in force, and after a start for as
/// long as it has not confirmed. What has confirmed in an earlier process is not: after a start all
/// watched files are new, and nothing tells a flood from what has always been there.
///
/// Thread safety: none. Tests: tests/unit/client/vitals_test.cpp.
class Vitals {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Nanoseconds = std::chrono::nanoseconds;

    /// @param alerts_per_minute_max  Matches; ten times as many while there is nothing to compare
    ///   with. A device on which the content before found a tenth of that much is allowed more.
    explicit Vitals(std::uint64_t alerts_per_minute_max)
        : alerts_per_minute_max_(alerts_per_minute_max) {}

    /// Other content is in force. What went before it, if it confirmed, is what it is held against.
    void begin(bool watched);

    /// The content in force is good as far as anybody can tell. It is watched on.
    void confirm() { confirmed_ = true; }

    /// It has been told, and there is nothing to go back to.
    void stop_watching() {
        watched_ = false;
        trouble_.clear();
    }

    /// One file of `bytes` was scanned, or one event judged: processor time, and matches.
    void saw_file(std::uint64_t bytes, Nanoseconds took, std::uint64_t alerts, TimePoint now);
    void saw_event(Nanoseconds took, std::uint64_t alerts, TimePoint now);

    /// Why the content in force should go; empty: it need not. Stays until one of the above.
    const std::string& trouble() const { return trouble_; }

private:
    /// Of one kind of work.
    struct Pace {
        double units = 0;  ///< MiB, or events.
        double millis = 0;
    };
    struct Limits;

    void remember();
    void saw(Pace& pace, const Pace& before, double units, Nanoseconds took, const Limits& limits);
    void saw_alerts(std::uint64_t count, TimePoint now);

    struct Seen {
        Pace files;
        Pace events;
        std::uint64_t alerts_most = 0;  ///< In one minute.
    };

    std::uint64_t alerts_per_minute_max_;
    Seen seen_;
    std::optional<Seen> good_;  ///< Of content that confirmed: the last that said enough.
    bool confirmed_ = false;
    bool watched_ = false;
    std::uint64_t alerts_ = 0;  ///< In this minute.
    TimePoint minute_began_{};
    std::string trouble_;
};

/// A sensor whose scans and judgements are noted in Vitals.
class MeteredSensor final : public LiveSensor {
public:
    /// All outlive this.
    MeteredSensor(LiveSensor& sensor, Vitals& vitals, const Clock& clock)
        : sensor_(sensor), vitals_(vitals), clock_(clock) {}

    Result<std::vector<sensor::Match>> scan(std::string_view name, ByteView bytes) override;
    Result<std::vector<sensor::Match>> evaluate(const fb_input& input) override;

    Result<void> load(const content::Bundle& bundle) override { return sensor_.load(bundle); }
    void unload() override { sensor_.unload(); }
    const Sha256* running() const override { return sensor_.running(); }
    Result<void> probe() override { return sensor_.probe(); }
    bool takes(std::string_view contract, std::size_t field_count) const override {
        return sensor_.takes(contract, field_count);
    }
    const Sha256& build() const override { return sensor_.build(); }
    std::uint64_t input_bytes_max() const override { return sensor_.input_bytes_max(); }
    std::chrono::nanoseconds processor_time() const override { return sensor_.processor_time(); }

private:
    LiveSensor& sensor_;
    Vitals& vitals_;
    const Clock& clock_;
};

}  // namespace firebreak::client
