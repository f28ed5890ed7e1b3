#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/live_sensor.hpp"
#include "client/platform/log_tail.hpp"

namespace firebreak::client {

/// One match in one event.
struct EventDetection {
    std::filesystem::path log;
    std::string contract;
    sensor::Match match;
};

/// What one turn over the followed logs came to.
struct EventPass {
    std::uint64_t judged = 0;
    std::uint64_t failed = 0;      ///< The sensor gave no answer.
    std::uint64_t unreadable = 0;  ///< Lines that are no JSON object, or too long.
    std::vector<EventDetection> detections;
    std::uint64_t not_listed = 0;  ///< Detections past kDetectionsMax.
    std::string first_failure;
    std::string first_unreadable;
    bool more = false;  ///< A limit was met: there is more to read now.
};

/// Has the sensor judge the events that other programs append to JSONL files, from the moment on at
/// which the agent began to follow them.
///
/// Limits: those of LogTail, and kDetectionsMax detections a turn.
/// Thread safety: none. Tests: tests/integration/client/event_logs_test.cpp.
class EventLogs {
public:
    static constexpr std::size_t kDetectionsMax = 1'000;

    explicit EventLogs(const std::vector<std::filesystem::path>& logs);

    /// Judges what is new. An event that fits no contract of the content in force is passed over.
    EventPass judge(LiveSensor& sensor);

private:
    void judge_line(const LogTail& log, std::string_view line, LiveSensor& sensor, EventPass& pass);

    std::vector<std::unique_ptr<LogTail>> logs_;
};

}  // namespace firebreak::client
