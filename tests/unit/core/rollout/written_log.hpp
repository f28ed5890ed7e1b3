#pragma once

#include <string>
#include <vector>

#include "core/rollout/event_log.hpp"
#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout::test {

/// Who says an event: decisions and counts are the controller's.
inline std::string actor_of(const EventBody& body) {
    if (const auto* activated = std::get_if<Activated>(&body)) return "device:" + activated->device;
    if (std::holds_alternative<Started>(body)) return "operator:alice";
    if (const auto* resumed = std::get_if<Resumed>(&body)) return resumed->actor;
    if (const auto* held = std::get_if<Held>(&body); held && held->by == HeldBy::kPerson) {
        return "operator:alice";
    }
    if (const auto* asked = std::get_if<ResumeAsked>(&body)) return "operator:" + asked->person;
    if (const auto* said = std::get_if<ResumeGranted>(&body)) return "operator:" + said->person;
    if (const auto* said = std::get_if<Approved>(&body)) return "operator:" + said->person;
    if (const auto* asked = std::get_if<OverrideAsked>(&body)) return "operator:" + asked->person;
    if (const auto* said = std::get_if<OverrideGranted>(&body)) return "operator:" + said->person;
    return "controller";
}

/// The log that a server would have written of this rollout.
inline std::vector<LogEntry> log_of(const RolloutDriver& driver) {
    const Rollout& rollout = driver.rollout;
    std::vector<LogEntry> log;
    const auto append = [&log](LogEntry entry) {
        log.push_back(follow(log.empty() ? nullptr : &log.back(), std::move(entry)));
    };
    LogEntry published;
    published.time = kStart;
    published.kind = "release.published";
    published.actor = "operator:alice";
    published.data = json::object{{"stream", rollout.id().stream},
                                  {"counter", rollout.id().counter},
                                  {"bundle", rollout.bundle().hex()},
                                  {"plan", to_json(rollout.plan())}};
    append(published);
    for (const Event& event : driver.log) {
        LogEntry entry;
        entry.time = event.time;
        entry.kind = "rollout.event";
        entry.actor = actor_of(event.body);
        entry.data = json::object{{"stream", rollout.id().stream},
                                  {"counter", rollout.id().counter},
                                  {"event", to_json(event)}};
        append(entry);
    }
    return log;
}

}  // namespace firebreak::rollout::test
