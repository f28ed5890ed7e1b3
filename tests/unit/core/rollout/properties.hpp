#pragma once

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>  // rapidcheck/gtest.h needs it before itself.
#include <ostream>
#include <rapidcheck/gtest.h>
#include <string>
#include <vector>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {

/// How RapidCheck prints an event of the case that fails.
inline void showValue(const Event& event, std::ostream& to) {
    to << json::serialize(to_json(event));
}
inline void showValue(const EventBody& body, std::ostream& to) {
    showValue(Event{test::kStart, body}, to);
}

namespace test {

/// Of any kind, about a few devices and rings, so that they meet; from before one deadline to after
/// it since the last.
inline rc::Gen<EventBody> any_report() {
    using rc::gen::map;
    const auto device = map(rc::gen::inRange(0, 25), [](int i) { return "d" + std::to_string(i); });
    const auto tenant = map(rc::gen::inRange(0, 4), [](int i) { return "t" + std::to_string(i); });
    const auto ring = rc::gen::elementOf(std::vector<std::string>{"lab", "early", "broad", "moon"});
    return rc::gen::weightedOneOf<EventBody>(
        {{5, map(rc::gen::tuple(device, tenant, ring),
                 [](const auto& of) {
                     return EventBody{Activated{std::get<0>(of), std::get<1>(of), std::get<2>(of)}};
                 })},
         {4, map(device, [](const std::string& id) { return EventBody{Confirmed{id}}; })},
         {1, map(device, [](const std::string& id) { return EventBody{Crashed{id}}; })},
         {1, map(device, [](const std::string& id) { return EventBody{RolledBack{id}}; })},
         {1, map(device, [](const std::string& id) { return EventBody{Refused{id}}; })}});
}

inline rc::Gen<EventBody> any_turn() {
    using rc::gen::map;
    const auto count = rc::gen::inRange<std::int64_t>(0, 40);
    const auto ring = rc::gen::elementOf(std::vector<std::string>{"lab", "early", "broad", "moon"});
    const auto person = rc::gen::elementOf(std::vector<std::string>{"alice", "bob"});
    const auto by = rc::gen::element(HeldBy::kUnsaid, HeldBy::kController, HeldBy::kPerson);
    return rc::gen::weightedOneOf<EventBody>(
        {{4, map(rc::gen::tuple(ring, count, rc::gen::inRange<std::int64_t>(0, kPpbAll + 1)),
                 [](const auto& of) {
                     return EventBody{Widened{std::get<0>(of), std::get<1>(of), std::get<2>(of)}};
                 })},
         {2, map(ring, [](const std::string& name) { return EventBody{RingOpened{name}}; })},
         {1, map(ring, [](const std::string& name) { return EventBody{RingSkipped{name}}; })},
         {2,
          map(rc::gen::tuple(count, count, count),
              [](const auto& of) {
                  return EventBody{ControlSeen{std::get<0>(of), std::get<1>(of), std::get<2>(of)}};
              })},
         {2, map(rc::gen::tuple(ring, count, count),
                 [](const auto& of) {
                     const auto& [name, lost, control] = of;
                     return EventBody{LossesSeen{.heard = {{name, 20}},
                                                 .lost = {{name, lost}},
                                                 .control_heard = {{name, 40}},
                                                 .control_lost = {{name, control}},
                                                 .silent = {{name, lost}},
                                                 .silent_tenants = 1}};
                 })},
         {1, map(count,
                 [](std::int64_t n) {
                     return EventBody{FleetSeen{{{"lab", n}}}};
                 })},
         {2, map(by,
                 [](HeldBy who) {
                     return EventBody{Held{"look", who}};
                 })},
         {2, rc::gen::just(EventBody{Resumed{"operator:alice", "looked"}})},
         {1, map(person,
                 [](const auto& who) {
                     return EventBody{ResumeAsked{who, "look"}};
                 })},
         {2, map(rc::gen::pair(person, person),
                 [](const auto& of) {
                     return EventBody{ResumeGranted{of.first, of.second, "looked"}};
                 })},
         {1, rc::gen::just(EventBody{Completed{}})},
         {1, map(count,
                 [](std::int64_t n) {
                     return EventBody{Halted{"a person", n}};
                 })},
         {1, rc::gen::just(EventBody{Superseded{8}})}});
}

/// A rollout's life: started, its first ring open, then whatever comes.
inline rc::Gen<std::vector<Event>> any_life() {
    const auto body = rc::gen::weightedOneOf<EventBody>({{6, any_report()}, {2, any_turn()}});
    const auto step = rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 70'000), body);
    return rc::gen::map(rc::gen::container<std::vector<std::pair<std::int64_t, EventBody>>>(step),
                        [](const auto& steps) {
                            std::vector<Event> life;
                            Instant now = kStart;
                            life.push_back({now, FleetSeen{{{"lab", 10}, {"early", 20}}}});
                            life.push_back({now, Started{}});
                            life.push_back({now, RingOpened{"lab"}});
                            life.push_back({now, Widened{"lab", 20, kPpbAll}});
                            for (const auto& [wait, what] : steps) {
                                now += milliseconds{wait};
                                life.push_back({now, what});
                            }
                            return life;
                        });
}

inline Rollout new_rollout() {
    return {{"yara", 7}, sha256(bytes_of("a bundle")), three_rings()};
}

inline Rollout fold(const std::vector<Event>& life) {
    Rollout rollout = new_rollout();
    for (const Event& event : life) rollout.apply(event);
    return rollout;
}

inline bool is_report(const Event& event) {
    return std::holds_alternative<Activated>(event.body) ||
           std::holds_alternative<Confirmed>(event.body) ||
           std::holds_alternative<Crashed>(event.body) ||
           std::holds_alternative<RolledBack>(event.body) ||
           std::holds_alternative<Refused>(event.body);
}

}  // namespace test
}  // namespace firebreak::rollout
