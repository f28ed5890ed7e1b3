// Any bytes as a ring plan, as a release carries it. Properties: a plan that is read is written and
// read back the same, and a rollout can be made of it that decides and knows its bound.

#include <boost/json/serialize.hpp>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/rollout/rollout.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const auto value = parse_json(text_of({data, size}));
    if (!value) return 0;
    const auto plan = rollout::parse_plan(*value);
    if (!plan) return 0;
    const std::string text = json::serialize(rollout::to_json(*plan));
    FIREBREAK_CHECK(rollout::parse_plan(parse_json(text).value()).value() == *plan);

    rollout::Rollout rollout({"s", 1}, Sha256{}, *plan);
    const Instant now{};
    rollout.apply({now, rollout::FleetSeen{{{plan->rings.front().name, 100}}}});
    rollout.apply({now, rollout::Started{}});
    for (const rollout::Event& event : rollout.decide(now)) rollout.apply(event);
    for (int device = 0; device < 5; ++device) {
        rollout.apply({now, rollout::Activated{std::to_string(device), "t", plan->rings[0].name}});
    }
    static_cast<void>(rollout.decide(now + plan->silence_deadline));
    FIREBREAK_CHECK(rollout.harm_bound(plan->rings.front().name) >= plan->rings[0].window_start);
    return 0;
}
