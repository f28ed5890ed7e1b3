// The log is the state: folded again from its text it gives an equal rollout, at every length, and
// the
// same decisions. Streams are random, and most of them make no sense.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/rollout/event_log.hpp"
#include "tests/unit/core/rollout/simulated_fleet.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

/// The event as another process would read it.
Event through_text(const Event& event) {
    return parse_event(parse_json(json::serialize(to_json(event))).value()).value();
}

class RandomEvents {
public:
    explicit RandomEvents(std::uint64_t seed) : engine_(seed) {}

    Event next() {
        // Mostly forward, now and then a clock that was set back.
        time_ += milliseconds{below(40'000)};
        return {below(20) == 0 ? time_ - minutes{5} : time_, body()};
    }

private:
    std::int64_t below(std::uint64_t bound) { return static_cast<std::int64_t>(engine_() % bound); }
    std::string device() { return "d" + std::to_string(below(30)); }
    std::string person() { return below(2) == 0 ? "alice" : "bob"; }
    std::string ring() {
        return std::vector<std::string>{"lab", "early", "broad", "?"}.at(
            static_cast<std::size_t>(below(4)));
    }

    EventBody body() {
        switch (below(43)) {
            case 0: return ControlSeen{below(100), below(100), below(20)};
            case 1:
                return FleetSeen{{{"lab", below(20)}, {"early", below(40)}, {"broad", below(80)}}};
            case 2: return RingOpened{ring()};
            case 3: return RingSkipped{ring()};
            case 4: return Widened{ring(), below(50), below(2 * kPpbAll)};
            case 5: return Held{"held", static_cast<HeldBy>(below(3))};
            case 6:
            case 7: return Resumed{"operator:alice", "resumed"};
            case 8: return below(10) == 0 ? EventBody{Halted{"halted", below(1000)}} : Started{};
            case 9: return below(10) == 0 ? EventBody{Completed{}} : Started{};
            case 10: return below(10) == 0 ? EventBody{Superseded{8}} : Started{};
            case 11:
            case 12: return RolledBack{device()};
            case 13:
            case 14: return Crashed{device()};
            case 15: return Refused{device()};
            case 40: return ResumeAsked{person(), "asked"};
            case 41:
            case 42: return ResumeGranted{person(), person(), "granted"};
            default:
                if (below(2) == 0) return Confirmed{device()};
                return Activated{device(), "t" + std::to_string(below(3)), ring()};
        }
    }

    std::mt19937_64 engine_;
    Instant time_ = kStart;
};

Rollout fresh() {
    return {{"yara", 7}, sha256(bytes_of("a bundle")), three_rings()};
}

TEST(Replay, OfTheTextGivesTheSameStateAndDecisionsAtEveryLength) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        RandomEvents random(seed);
        Rollout first = fresh();
        Rollout again = fresh();
        first.apply({kStart, Started{}});
        again.apply({kStart, Started{}});
        for (int i = 0; i < 60; ++i) {
            const Event event = random.next();
            first.apply(event);
            again.apply(through_text(event));
            ASSERT_EQ(again, first) << "seed " << seed << ", event " << i;
            const Instant later = event.time + milliseconds{i * 10'000};
            const std::vector<Event> decisions = first.decide(later);
            ASSERT_EQ(again.decide(later), decisions) << "seed " << seed << ", event " << i;
            for (const Event& decision : decisions) {
                first.apply(decision);
                again.apply(through_text(decision));
            }
        }
    }
}

/// Recounts everything that the fold keeps as running sums from the devices themselves.
void expect_sums_are_right(const Rollout& rollout, Instant now) {
    for (const RingState& ring : rollout.rings_at(now)) {
        RingState recounted;
        for (const auto& [device, exposure] : rollout.exposures().entries()) {
            if (rollout.rings()[exposure.ring].name != ring.name) continue;
            const bool overdue = exposure.outcome == DeviceOutcome::kPending &&
                                 exposure.activated + rollout.plan().silence_deadline <= now;
            const bool failed = overdue || exposure.outcome == DeviceOutcome::kFailed;
            ++recounted.activated;
            recounted.pending += !overdue && exposure.outcome == DeviceOutcome::kPending ? 1 : 0;
            recounted.confirmed += exposure.outcome == DeviceOutcome::kConfirmed ? 1 : 0;
            recounted.failed += failed ? 1 : 0;
            recounted.crashed += exposure.crashed && !exposure.forgiven ? 1 : 0;
            recounted.silent += failed && !exposure.crashed && !exposure.forgiven ? 1 : 0;
            recounted.forgiven += exposure.forgiven ? 1 : 0;
            recounted.unconfirmed += !exposure.once_confirmed && !exposure.forgiven ? 1 : 0;
        }
        ASSERT_EQ(ring.activated, recounted.activated);
        ASSERT_EQ(ring.pending, recounted.pending);
        ASSERT_EQ(ring.confirmed, recounted.confirmed);
        ASSERT_EQ(ring.failed, recounted.failed);
        ASSERT_EQ(ring.crashed, recounted.crashed);
        ASSERT_EQ(ring.silent, recounted.silent);
        ASSERT_EQ(ring.forgiven, recounted.forgiven);
        ASSERT_EQ(ring.unconfirmed, recounted.unconfirmed);
    }
}

TEST(Replay, KeepsItsSumsRightWhateverComes) {
    for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
        RandomEvents random(seed);
        Rollout rollout = fresh();
        rollout.apply({kStart, Started{}});
        for (int i = 0; i < 100; ++i) {
            const Event event = random.next();
            rollout.apply(event);
            // Never in the past: the fold has passed the deadlines of the latest event.
            expect_sums_are_right(rollout, event.time + minutes{10});
        }
    }
}

TEST(Replay, OfAWholeRolloutThroughTheHashChainGivesTheSameEnd) {
    SimulatedFleet fleet({.late = 0.02, .repeats = true}, 3);
    fleet.run();
    std::vector<LogEntry> entries;
    for (const Event& event : fleet.driver.log) {
        LogEntry entry;
        entry.time = event.time;
        entry.kind = "rollout.event";
        entry.actor = "controller";
        entry.data = to_json(event);
        entries.push_back(follow(entries.empty() ? nullptr : &entries.back(), entry));
    }

    Rollout again = fresh();
    const LogEntry* last = nullptr;
    for (const LogEntry& entry : entries) {
        const auto read = parse_log_entry(parse_json(json::serialize(to_json(entry))).value());
        ASSERT_TRUE(read);
        ASSERT_TRUE(verify_follows(last, *read));
        last = &entry;
        again.apply(parse_event(read->data).value());
    }

    EXPECT_EQ(again, fleet.driver.rollout);
}

TEST(Replay, ReproducesEachDecisionAtItsPlaceInTheLog) {
    SimulatedFleet fleet({.silent = 0.03}, 5);
    fleet.run();

    Rollout again = fresh();
    std::vector<Event> expected;  // Decided at once, and not yet met in the log.
    for (const Event& event : fleet.driver.log) {
        const bool decided = event.body.index() >= EventBody(RingOpened{}).index();
        if (decided) {
            if (expected.empty()) expected = again.decide(event.time);
            ASSERT_FALSE(expected.empty()) << json::serialize(to_json(event));
            ASSERT_EQ(event, expected.front());
            expected.erase(expected.begin());
        }
        again.apply(event);
    }
    EXPECT_TRUE(expected.empty());
}

}  // namespace
}  // namespace firebreak::rollout
