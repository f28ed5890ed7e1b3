#include "client/event_logs.hpp"

#include "core/base/json.hpp"
#include "sensor/sigma/events/event_reader.hpp"

namespace firebreak::client {
namespace {

void note_first(std::string& first, std::string text) {
    if (first.empty()) first = std::move(text);
}

fb_input input_of(const sigma::MappedEvent& event, const std::string& contract) {
    fb_input input{};
    input.struct_size = sizeof(fb_input);
    input.kind = FB_INPUT_EVENT;
    input.as.event = {.contract = {.data = contract.data(), .length = contract.size()},
                      .fields = event.fields.data(),
                      .field_count = event.fields.size()};
    return input;
}

}  // namespace

EventLogs::EventLogs(const std::vector<std::filesystem::path>& logs) {
    for (const std::filesystem::path& log : logs) logs_.push_back(std::make_unique<LogTail>(log));
}

void EventLogs::judge_line(const LogTail& log, std::string_view line, LiveSensor& sensor,
                           EventPass& pass) {
    const Result<json::value> event = parse_json(line);
    const auto mapped = event ? sigma::map_event(*event)
                              : Result<std::vector<sigma::MappedEvent>>(fail(event.error()));
    if (!mapped) {
        ++pass.unreadable;
        note_first(pass.first_unreadable, log.path().string() + ": " + mapped.error().to_string());
        return;
    }
    for (const sigma::MappedEvent& one : *mapped) {
        const std::string contract = one.contract->id();
        if (!sensor.takes(contract, one.fields.size())) continue;
        auto matches = sensor.evaluate(input_of(one, contract));
        if (!matches) {
            ++pass.failed;
            note_first(pass.first_failure, matches.error().to_string());
            continue;
        }
        ++pass.judged;
        for (sensor::Match& match : *matches) {
            if (pass.detections.size() >= EventLogs::kDetectionsMax) {
                ++pass.not_listed;
                continue;
            }
            pass.detections.push_back(
                {.log = log.path(), .contract = contract, .match = std::move(match)});
        }
    }
}

EventPass EventLogs::judge(LiveSensor& sensor) {
    EventPass pass;
    for (const std::unique_ptr<LogTail>& log : logs_) {
        const Result<LogTail::Lines> read = log->read();
        if (!read) {
            ++pass.unreadable;
            note_first(pass.first_unreadable, read.error().to_string());
            continue;
        }
        pass.more = pass.more || read->more;
        pass.unreadable += read->too_long;
        if (read->too_long > 0) {
            note_first(pass.first_unreadable, log->path().string() + ": a line over " +
                                                  std::to_string(LogTail::kLineBytesMax) +
                                                  " bytes");
        }
        for (const std::string& line : read->lines) judge_line(*log, line, sensor, pass);
    }
    return pass;
}

}  // namespace firebreak::client
