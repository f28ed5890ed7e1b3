// What holds for every sequence of events, tried on hundreds of them. RapidCheck makes a case that
// fails as small as it can, and prints it. RC_PARAMS="seed=1 max_success=10000" tries others.

#include "tests/unit/core/rollout/properties.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace firebreak::rollout {
namespace {

using namespace firebreak::rollout::test;

/// The same cases in each run, unless somebody asks for others. Before main() for all of this
/// program's properties, as RapidCheck reads it once.
const bool kSeeded = ::setenv("RC_PARAMS", "seed=20240719 max_success=200", 0) == 0;

RC_GTEST_PROP(FoldProperty, ReportsThatCameTwiceChangeNothing, ()) {
    const std::vector<Event> life = *any_life();
    Rollout rollout = new_rollout();
    for (const Event& event : life) {
        rollout.apply(event);
        if (!is_report(event)) continue;
        const Rollout once = rollout;
        rollout.apply(event);
        RC_ASSERT(rollout == once);
    }
}

RC_GTEST_PROP(FoldProperty, ReportsOfDifferentDevicesAtOneTimeCountTheSameInAnyOrder, ()) {
    const std::vector<Event> life = *any_life();
    std::vector<EventBody> reports;
    std::set<std::string> devices;
    for (EventBody& body : *rc::gen::container<std::vector<EventBody>>(any_report())) {
        const std::string device = std::visit(
            [](const auto& report) {
                if constexpr (requires { report.device; }) return report.device;
                return std::string();
            },
            body);
        if (devices.insert(device).second) reports.push_back(std::move(body));
    }
    const Instant then = life.back().time + seconds{1};
    Rollout forth = fold(life);
    Rollout back = forth;
    for (const EventBody& body : reports) forth.apply({then, body});
    std::ranges::reverse(reports);
    for (const EventBody& body : reports) back.apply({then, body});

    RC_ASSERT(forth.rings() == back.rings());
    RC_ASSERT(forth.exposures().size() == back.exposures().size());
    RC_ASSERT(forth.next_silence(then) == back.next_silence(then));
}

RC_GTEST_PROP(FoldProperty, EventsWrittenAndReadAgainFoldToTheSame, ()) {
    const std::vector<Event> life = *any_life();
    std::vector<Event> again;
    for (const Event& event : life) {
        const Result<Event> read = parse_event(to_json(event));
        RC_ASSERT(read.has_value());
        again.push_back(*read);
    }
    RC_ASSERT(fold(life) == fold(again));
}

RC_GTEST_PROP(FoldProperty, ThresholdsNeverFallAndAHaltIsFinal, ()) {
    Rollout rollout = new_rollout();
    for (const Event& event : *any_life()) {
        const Rollout before = rollout;
        rollout.apply(event);
        for (std::size_t i = 0; i < rollout.rings().size(); ++i) {
            RC_ASSERT(rollout.rings()[i].threshold_ppb >= before.rings()[i].threshold_ppb);
        }
        if (before.phase() != Phase::kHalted) continue;
        RC_ASSERT(rollout.phase() == Phase::kHalted);
        RC_ASSERT(rollout.halted_at() == before.halted_at());
        RC_ASSERT(rollout.reason() == before.reason());
        RC_ASSERT(rollout.decide(event.time + hours{1}).empty());
        RC_ASSERT(!rollout.may_activate("somebody new", "lab"));
    }
}

/// Some ask and are let in or not, some who were let in report, time passes, and the controller
/// decides.
struct Wave {
    int asking = 0;
    int crashing = 0;
    int silent = 0;
    int minutes_after = 0;
};

void showValue(const Wave& wave, std::ostream& to) {
    to << wave.asking << " ask, " << wave.crashing << " crash, " << wave.silent << " silent, "
       << wave.minutes_after << " min";
}

rc::Gen<std::vector<Wave>> any_waves() {
    const auto rarely =
        rc::gen::weightedOneOf<int>({{6, rc::gen::just(0)}, {1, rc::gen::inRange(0, 4)}});
    return rc::gen::container<std::vector<Wave>>(
        rc::gen::construct<Wave>(rc::gen::inRange(0, 60), rarely, rarely, rc::gen::inRange(1, 12)));
}

std::int64_t widest_open(const Rollout& rollout) {
    std::int64_t widest = 0;
    for (const RingState& ring : rollout.rings()) {
        if (ring.open) widest = std::max(widest, ring.window);
    }
    return widest;
}

std::int64_t filling_all(const Rollout& rollout) {
    std::int64_t filled = 0;
    for (const RingState& ring : rollout.rings()) filled += rollout.filling(ring);
    return filled;
}

/// P2 at one moment; `widest` is the widest window there ever was.
void expect_windows_hold(const Rollout& rollout, std::int64_t widest) {
    for (std::size_t i = 0; i < rollout.rings().size(); ++i) {
        const RingState& ring = rollout.rings()[i];
        RC_ASSERT(ring.window <= rollout.window_cap(i));
        if (ring.open) RC_ASSERT(ring.window >= rollout.plan().rings[i].window_start);
        const std::int64_t room = rollout.room(ring.name);
        RC_ASSERT(room >= 0);
        if (room > 0) RC_ASSERT(room + rollout.filling(ring) <= ring.window);
        if (room > 0) RC_ASSERT(room + filling_all(rollout) <= widest_open(rollout));
        RC_ASSERT(rollout.filling(ring) <= widest);
    }
    RC_ASSERT(filling_all(rollout) <= widest);
}

RC_GTEST_PROP(WindowProperty, NeverHoldsMoreThanItMayNorLeavesItsLimits, ()) {
    Plan plan = three_rings();
    // Caps that doubling does not meet by itself.
    plan.rings[0].window_max = 8;
    plan.rings[1].window_max = 33;
    plan.rings[2].window_max = 70;
    RolloutDriver driver(plan);
    driver.start(12, 30, 300);
    std::int64_t widest = 0;
    int devices = 0;
    for (const Wave& wave : *any_waves()) {
        std::vector<std::string> let_in;
        for (const RingState& ring : std::vector<RingState>(driver.rollout.rings())) {
            if (!ring.open) continue;
            widest = std::max(widest, widest_open(driver.rollout));
            for (int i = 0; i < 3 * wave.asking; ++i) {
                const std::string device = ring.name + "-" + std::to_string(++devices);
                if (!driver.rollout.may_activate(device, ring.name)) continue;
                driver.apply(Activated{device, "t" + std::to_string(i % 5), ring.name});
                let_in.push_back(device);
            }
            expect_windows_hold(driver.rollout, widest);
        }
        driver.now += minutes{1};
        for (std::size_t i = 0; i < let_in.size(); ++i) {
            const auto number = static_cast<int>(i);
            if (number < wave.crashing) {
                driver.apply(Crashed{let_in[i]});
            } else if (number >= wave.crashing + wave.silent) {
                driver.apply(Confirmed{let_in[i]});
            }
        }
        driver.now += minutes{wave.minutes_after};
        for (int round = 0; round < 8; ++round) {
            for (const Event& event : driver.rollout.decide(driver.now)) {
                const auto* widened = std::get_if<Widened>(&event.body);
                const std::int64_t before =
                    widened == nullptr ? 0 : driver.ring_state(widened->ring).window;
                if (widened != nullptr && widened->window < before) {
                    RC_ASSERT(widened->window >= driver.rollout.failures_to_halt(widened->ring));
                }
                driver.apply(event.body);
            }
        }
        widest = std::max(widest, widest_open(driver.rollout));
        expect_windows_hold(driver.rollout, widest);
    }
    RC_CLASSIFY(driver.ring_state("broad").open, "reached the last ring");
    RC_CLASSIFY(driver.phase() == Phase::kHalted, "halted");
    RC_CLASSIFY(driver.phase() == Phase::kHeld, "held");
}

}  // namespace
}  // namespace firebreak::rollout
