// Lines of any bytes, each as one event of a rollout's log. Properties: an event that is read is
// written and read back the same; the fold takes every sequence of events; the state keeps its
// invariants; nobody alone ends a hold of the controller; what the rollout decides settles, and
// asks for no time in the past.

#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/rollout/cohort.hpp"
#include "core/rollout/rollout.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::rollout;

Plan a_plan() {
    Plan plan;
    plan.name = "fuzz";
    plan.rings.resize(2);
    plan.rings[0].name = "a";
    plan.rings[0].vendor_own = true;
    plan.rings[1].name = "b";
    plan.default_ring = "b";
    return plan;
}

void check_state(const Rollout& rollout) {
    for (const RingState& ring : rollout.rings()) {
        FIREBREAK_CHECK(ring.window >= 0 && ring.window <= kWindowMax);
        FIREBREAK_CHECK(ring.threshold_ppb >= 0 && ring.threshold_ppb <= kPpbAll);
        FIREBREAK_CHECK(ring.pending >= 0 && ring.unconfirmed >= 0 && ring.forgiven >= 0);
        FIREBREAK_CHECK(ring.crashed >= 0 && ring.silent >= 0);
        FIREBREAK_CHECK(ring.activated == ring.pending + ring.confirmed + ring.failed);
        FIREBREAK_CHECK(ring.failed == ring.crashed + ring.silent + ring.forgiven);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Rollout rollout({"s", 1}, Sha256{}, a_plan());
    std::string_view rest = text_of({data, size});
    Instant latest{};
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const auto value = parse_json(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!value) continue;
        const auto event = parse_event(*value);
        if (!event) continue;
        const auto again = parse_event(parse_json(json::serialize(to_json(*event))).value());
        FIREBREAK_CHECK(again.value() == *event);

        const HeldBy held_by = rollout.held_by();
        rollout.apply(*event);
        check_state(rollout);
        const bool goes_on =
            rollout.phase() == Phase::kRolling || rollout.phase() == Phase::kComplete;
        if (held_by == HeldBy::kController && goes_on) {
            const auto& granted = std::get<ResumeGranted>(event->body);
            FIREBREAK_CHECK(granted.person != granted.asked_by);
        }
        latest = std::max(latest, event->time);
        if (const auto next = rollout.next_deadline(latest)) FIREBREAK_CHECK(*next > latest);
    }
    for (int round = 0;; ++round) {
        FIREBREAK_CHECK(round < 8);
        const auto events = rollout.decide(latest);
        if (events.empty()) break;
        for (const Event& event : events) rollout.apply(event);
        check_state(rollout);
    }
    return 0;
}
