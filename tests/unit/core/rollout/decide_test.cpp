// What a rollout decides, rule by rule: when it widens, opens, completes, holds and halts, and
// above
// all when it does not.

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

template <class Body>
std::size_t count_of(const std::vector<EventBody>& bodies) {
    std::size_t count = 0;
    for (const EventBody& body : bodies) count += std::holds_alternative<Body>(body) ? 1 : 0;
    return count;
}

class Decide : public ::testing::Test {
protected:
    const RingState& lab() const { return driver_.ring_state("lab"); }
    const RingState& early() const { return driver_.ring_state("early"); }

    /// All of a window confirmed within a poll.
    void clean_window(const std::string& ring) {
        const auto devices = driver_.activate(ring, static_cast<int>(driver_.rollout.room(ring)));
        driver_.now += minutes{1};
        driver_.confirm(devices);
    }

    RolloutDriver driver_;
};

// --- Opening ----------------------------------------------------------------------------------

TEST_F(Decide, WaitsUntilItKnowsTheFleet) {
    driver_.apply(Started{});

    EXPECT_TRUE(driver_.settle().empty());

    driver_.apply(FleetSeen{{{"lab", 0}, {"early", 0}}});
    EXPECT_TRUE(driver_.settle().empty());  // Nobody anywhere: nothing can be learnt.
}

TEST_F(Decide, OpensTheFirstRingWithAStepOfItsWindow) {
    driver_.apply(FleetSeen{{{"lab", 30}, {"early", 50}, {"broad", 200}}});
    driver_.apply(Started{});

    const std::vector<EventBody> expected{RingOpened{"lab"}, Widened{"lab", 5, 166'666'667}};
    EXPECT_EQ(driver_.settle(), expected);
}

TEST_F(Decide, SkipsRingsWithoutDevicesAndSaysSo) {
    driver_.apply(FleetSeen{{{"lab", 0}, {"early", 0}, {"broad", 10}}});
    driver_.apply(Started{});

    const std::vector<EventBody> expected{RingSkipped{"lab"}, RingSkipped{"early"},
                                          RingOpened{"broad"}, Widened{"broad", 20, kPpbAll}};
    EXPECT_EQ(driver_.settle(), expected);
    EXPECT_TRUE(lab().baked);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll);
    EXPECT_EQ(driver_.activate("lab", 100).size(),
              5U);  // Who appears later comes in, by the window.
}

TEST_F(Decide, SkipsARingWhoseDevicesAllWentAway) {
    driver_.start(10, 50, 0);
    driver_.apply(FleetSeen{{{"early", 50}}});

    const std::vector<EventBody> expected{RingSkipped{"lab"}, RingOpened{"early"},
                                          Widened{"early", 10, kPpbAll / 5}};
    EXPECT_EQ(driver_.settle(), expected);
}

TEST_F(Decide, SkipsTheLastRingsAndCompletes) {
    driver_.start(5, 0, 0);
    driver_.pass_ring("lab");

    EXPECT_EQ(driver_.phase(), Phase::kComplete);
    EXPECT_TRUE(driver_.ring_state("broad").baked);
}

// --- Widening ---------------------------------------------------------------------------------

TEST_F(Decide, DoublesTheWindowAfterAFullCleanOne) {
    driver_.start(40);
    clean_window("lab");

    const std::vector<EventBody> expected{Widened{"lab", 10, kPpbAll * 15 / 40}};
    EXPECT_EQ(driver_.settle(), expected);
}

TEST_F(Decide, DoesNotWidenBeyondThePlansWindow) {
    driver_.start(100);
    for (int i = 0; i < 3; ++i) {
        clean_window("lab");
        driver_.settle();
    }
    EXPECT_EQ(lab().window, 10);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll * 35 / 100);
}

TEST_F(Decide, DoesNotTakeSilenceForSuccess) {
    driver_.start(40);
    driver_.activate("lab", 5);
    driver_.now += seconds{179};

    EXPECT_TRUE(driver_.settle().empty());
}

TEST_F(Decide, FillsAWindowThatTheDrawLeftRoomInButDoesNotWidenIt) {
    driver_.start(40);
    driver_.activate("lab", 2);
    driver_.now += seconds{119};
    EXPECT_TRUE(driver_.settle().empty());
    driver_.now += seconds{1};

    // Two of five came, so twelve are exposed for five to come.
    const std::vector<EventBody> expected{Widened{"lab", 5, kPpbAll * 17 / 40}};
    EXPECT_EQ(driver_.settle(), expected);
    EXPECT_EQ(driver_.activate("lab", 100).size(), 3U);
}

TEST_F(Decide, RemembersConfirmationsAcrossStepsThatOnlyFill) {
    driver_.start(40);
    const auto first = driver_.activate("lab", 3);
    driver_.now += minutes{1};
    const auto second = driver_.activate("lab", 1);
    driver_.confirm(first);
    driver_.now += minutes{1};
    ASSERT_EQ(driver_.settle().size(), 1U);
    ASSERT_EQ(lab().window, 5);

    driver_.confirm(second);
    driver_.confirm(driver_.activate("lab", 1));
    driver_.settle();

    EXPECT_EQ(lab().window, 10);
}

TEST_F(Decide, GrowsByNoMoreThanWasConfirmed) {
    driver_.start(40);
    driver_.confirm(driver_.activate("lab", 2));
    driver_.now += minutes{2};

    driver_.settle();

    EXPECT_EQ(lab().window, 7);
}

TEST_F(Decide, GoesOnWithTheSameWindowWhileTheEvidenceIsUnclear) {
    driver_.start(40);
    const auto devices = driver_.activate("lab", 5);
    driver_.confirm({devices[0], devices[1], devices[2], devices[3]});
    driver_.now += minutes{3};
    ASSERT_GT(driver_.rollout.evidence_of("lab", driver_.now).log_e, 0);
    ASSERT_LT(driver_.rollout.evidence_of("lab", driver_.now).log_e, std::log(10));

    driver_.settle();

    EXPECT_EQ(lab().window, 5);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll / 4);
    EXPECT_EQ(driver_.rollout.room("lab"), 4);
}

TEST_F(Decide, HalvesTheWindowOnceForEachFailureThatMakesItSuspicious) {
    driver_.start(10, 1000);
    driver_.pass_ring("lab");
    for (int i = 0; i < 3; ++i) {
        clean_window("early");
        driver_.settle();
    }
    ASSERT_EQ(early().window, 40);
    driver_.crash(driver_.activate("early", 1));

    EXPECT_EQ(count_of<Widened>(driver_.settle()), 1U);

    EXPECT_EQ(early().window, 20);
    EXPECT_TRUE(driver_.settle().empty());
}

TEST_F(Decide, DoesNotHalveBelowWhatAHaltNeeds) {
    driver_.start(100);
    for (int crashes = 0; crashes < 2; ++crashes) {
        driver_.crash(driver_.activate("lab", 1));
        driver_.settle();
        EXPECT_EQ(driver_.phase(), Phase::kRolling);
        EXPECT_GT(driver_.rollout.room("lab"), 0);
    }
    driver_.crash(driver_.activate("lab", 1));
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_EQ(lab().activated, 3);
}

// --- Promotion --------------------------------------------------------------------------------

TEST_F(Decide, OpensTheNextRingWhenThisOneIsConfirmedAndBaked) {
    driver_.start(5);
    clean_window("lab");
    const Instant confirmed = driver_.now;
    EXPECT_EQ(driver_.rollout.next_deadline(driver_.now), confirmed + minutes{10});
    driver_.now = confirmed + minutes{10} - std::chrono::milliseconds{1};
    EXPECT_TRUE(driver_.settle().empty());
    driver_.now = confirmed + minutes{10};

    const std::vector<EventBody> expected{RingOpened{"early"}, Widened{"early", 10, kPpbAll / 5}};
    EXPECT_EQ(driver_.settle(), expected);
    EXPECT_TRUE(lab().baked);
}

TEST_F(Decide, CompletesAfterTheLastRing) {
    driver_.start();
    for (const char* ring : {"lab", "early", "broad"}) driver_.pass_ring(ring);

    EXPECT_EQ(driver_.phase(), Phase::kComplete);
    EXPECT_EQ(driver_.rollout.exposures().size(), 260U);
    for (const RingState& ring : driver_.rollout.rings()) {
        EXPECT_TRUE(ring.baked);
        EXPECT_EQ(ring.threshold_ppb, kPpbAll);
    }
    EXPECT_EQ(driver_.rollout.next_deadline(driver_.now), std::nullopt);
}

TEST_F(Decide, NeverPromotesWithoutData) {
    driver_.start();
    for (int i = 0; i < 1000; ++i) {
        driver_.now += hours{1};
        driver_.settle();
    }
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll);
    EXPECT_FALSE(lab().baked);
}

TEST_F(Decide, DoesNotWaitForSleepersOnceEnoughAreConfirmed) {
    driver_.start(100);
    for (int i = 0; i < 6; ++i) {  // Six awake, ninety-four asleep.
        driver_.confirm(driver_.activate("lab", 1));
        driver_.now += minutes{3};
        driver_.settle();
    }
    for (int i = 0; i < 100 && !early().open; ++i) {
        driver_.now += minutes{3};
        driver_.settle();
    }
    EXPECT_TRUE(early().open);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll);
}

TEST_F(Decide, WaitsForMoreConfirmationsWhenTooFewAreAwake) {
    driver_.start(100);
    driver_.confirm(driver_.activate("lab", 4));
    for (int i = 0; i < 1000; ++i) {
        driver_.now += minutes{3};
        driver_.settle();
    }
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_FALSE(early().open);
}

TEST_F(Decide, TakesAllOfARingOfFewerThanItsConfirmationsAsEnough) {
    driver_.start(3);
    driver_.pass_ring("lab");

    EXPECT_TRUE(early().open);
}

TEST_F(Decide, WaitsForItsExposureHours) {
    Plan plan = three_rings();
    plan.rings[0].exposure_hours_min = 10;
    driver_ = RolloutDriver(plan);
    driver_.start(5);
    clean_window("lab");
    driver_.now += minutes{118};
    driver_.settle();
    EXPECT_FALSE(early().open);

    driver_.now += minutes{1};
    driver_.settle();

    EXPECT_TRUE(early().open);
}

TEST_F(Decide, IsNotKeptFromTheNextRingByStragglers) {
    driver_.start(1000);
    while (lab().threshold_ppb < kPpbAll) {
        clean_window("lab");
        driver_.settle();
    }
    clean_window("lab");
    driver_.now += minutes{5};
    // From here on somebody wakes up each minute, and is always pending.
    auto pending = driver_.activate("lab", 1);
    for (int i = 0; i < 20 && !early().open; ++i) {
        driver_.now += minutes{1};
        driver_.confirm(pending);
        pending = driver_.activate("lab", 1);
        driver_.settle();
    }
    EXPECT_TRUE(early().open);
}

TEST_F(Decide, DoesNotPromoteWhileADeviceIsUnresolved) {
    driver_.start(6);
    clean_window("lab");
    driver_.settle();
    driver_.now += minutes{9};
    ASSERT_EQ(driver_.activate("lab", 1).size(), 1U);
    driver_.now += minutes{1};

    EXPECT_TRUE(driver_.settle().empty());
    EXPECT_FALSE(early().open);
}

TEST_F(Decide, HoldsWhenTheFailuresOfARingForbidTheNext) {
    Plan plan = three_rings();
    plan.rings[0].confirmed_min = 4;
    driver_ = RolloutDriver(plan);
    driver_.start(5);
    const auto devices = driver_.activate("lab", 5);
    driver_.confirm({devices[0], devices[1], devices[2], devices[3]});
    driver_.now += hours{1};

    EXPECT_EQ(count_of<Held>(driver_.settle()), 1U);
    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("1 of 5 devices failed"), std::string::npos);

    driver_.two_go_on("its disk died");
    driver_.settle();
    EXPECT_TRUE(early().open);
}

/// A lab of 10,000, all of which must confirm, of which the last `silent` never do. 50 are expected
/// to fall silent, and 21 more are within chance.
RolloutDriver lab_with_silent(std::size_t silent) {
    constexpr std::int64_t kDevices = 10'000;
    Plan plan = three_rings();
    plan.rings[0].confirmed_min = kDevices;
    plan.rings[0].window_max = 2000;
    RolloutDriver driver(plan);
    driver.start(kDevices);
    const RingState& lab = driver.rollout.rings()[0];
    while (lab.activated < kDevices) {
        const std::int64_t next = std::min(driver.rollout.room("lab"), kDevices - lab.activated);
        auto devices = driver.activate("lab", static_cast<int>(next));
        if (lab.activated == kDevices) devices.resize(devices.size() - silent);
        driver.now += minutes{1};
        driver.confirm(devices);
        driver.settle();
        driver.now += minutes{1};
        driver.settle();
    }
    driver.now += hours{1};
    driver.settle();  // The last step of the threshold.
    driver.now += hours{1};
    EXPECT_LT(driver.rollout.evidence_of("lab", driver.now).log_e, 0);
    driver.settle();
    return driver;
}

TEST_F(Decide, GoesOnWithoutThoseThatChanceSilences) {
    EXPECT_TRUE(lab_with_silent(71).rollout.rings()[1].open);
}

TEST_F(Decide, HoldsWhenNobodyIsLeftToConfirm) {
    const RolloutDriver driver = lab_with_silent(72);

    EXPECT_EQ(driver.rollout.phase(), Phase::kHeld);
    EXPECT_NE(driver.rollout.reason().find("9928 of 9929 confirmations"), std::string::npos)
        << driver.rollout.reason();
}

TEST_F(Decide, HoldsWhenTheWindowHoldsNothingButFailures) {
    driver_.start(2);  // Too few devices for failures_min: no halt is possible here.
    driver_.crash(driver_.activate("lab", 2));
    driver_.now += hours{1};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_FALSE(early().open);
}

// --- Halting ----------------------------------------------------------------------------------

TEST_F(Decide, HaltsWhenEverybodyFallsSilent) {
    driver_.start();
    driver_.activate("lab", 5);
    driver_.now += seconds{180};

    const auto decided = driver_.settle();

    ASSERT_EQ(decided.size(), 1U);
    const auto* halted = std::get_if<Halted>(&decided.front());
    ASSERT_NE(halted, nullptr);
    EXPECT_GE(static_cast<double>(halted->log_e_micros), 1e6 * std::log(1e4));
    EXPECT_EQ(driver_.rollout.halted_at(), driver_.now);
    EXPECT_EQ(driver_.rollout.reason().substr(0, 23), "5 of 5 devices failed (");
}

TEST_F(Decide, HaltsOnCrashesRollbacksAndRefusalsAlike) {
    driver_.start();
    const auto devices = driver_.activate("lab", 3);
    driver_.apply(Crashed{devices[0]});
    driver_.apply(RolledBack{devices[1]});
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kRolling);
    driver_.apply(Refused{devices[2]});
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, DoesNotHaltOnOneDeviceThatCrashesAgainAndAgain) {
    driver_.start();
    const auto devices = driver_.activate("lab", 5);
    for (int i = 0; i < 100; ++i) driver_.crash({devices[0]});
    driver_.confirm(devices);
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_EQ(driver_.rollout.evidence(driver_.now).failed_devices, 1);
}

TEST_F(Decide, DoesNotHaltOnOneTenantsTroubleButHolds) {
    driver_.start();
    driver_.pass_ring("lab");
    driver_.crash(driver_.activate("early", 4, "one-tenant"));
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("too few tenants"), std::string::npos);
}

TEST_F(Decide, HaltsFromTheHoldWhenASecondTenantFails) {
    driver_.start();
    driver_.pass_ring("lab");
    const auto other = driver_.activate("early", 1, "other-tenant");
    driver_.crash(driver_.activate("early", 4, "one-tenant"));
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kHeld);

    driver_.crash(other);
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, NeedsOneTenantOnlyInTheVendorsOwnRing) {
    driver_.start();
    const auto others = driver_.activate("lab", 1, "somebody");
    driver_.confirm(others);
    driver_.crash(driver_.activate("lab", 3, "vendor"));
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, NeedsOneTenantOnlyWhereThereIsOnlyOne) {
    Plan plan = three_rings();
    plan.rings[0].vendor_own = false;
    driver_ = RolloutDriver(plan);
    driver_.start();
    driver_.crash(driver_.activate("lab", 3, "only-tenant"));
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, HaltsAtOneHundredPercent) {
    driver_.start();
    for (const char* ring : {"lab", "early", "broad"}) driver_.pass_ring(ring);
    ASSERT_EQ(driver_.phase(), Phase::kComplete);
    driver_.now += hours{12};
    const std::vector<std::string> devices = driver_.activated_in("broad");
    std::size_t crashed = 0;
    while (driver_.phase() == Phase::kComplete && crashed < devices.size()) {
        driver_.crash({devices[crashed++]});
        driver_.settle();
    }
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_LE(crashed, 6U);
}

TEST_F(Decide, HaltsOnADateThatArrivesLongAfterwards) {
    Plan plan = three_rings();
    plan.crash_rate_per_hour = 0.01;
    driver_ = RolloutDriver(plan);
    driver_.start();
    for (const char* ring : {"lab", "early", "broad"}) driver_.pass_ring(ring);
    ASSERT_EQ(driver_.phase(), Phase::kComplete);
    // 2,600 crashes would be tolerated by now, of 260 devices.
    driver_.now += hours{1'000};

    std::size_t crashed = 0;
    for (const std::string& device : driver_.activated_in("broad")) {
        if (driver_.phase() != Phase::kComplete) break;
        driver_.now += seconds{1};
        driver_.crash({device});
        driver_.settle();
        ++crashed;
    }

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_LE(crashed, 8U);
}

TEST_F(Decide, LetsLatecomersInByTheWindowOnceComplete) {
    driver_.start();
    for (const char* ring : {"lab", "early", "broad"}) driver_.pass_ring(ring);
    const std::int64_t window = driver_.ring_state("broad").window;

    EXPECT_EQ(driver_.activate("broad", 1000).size(), static_cast<std::size_t>(window));

    driver_.now += seconds{180};
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

// --- The control ------------------------------------------------------------------------------

TEST_F(Decide, HoldsWhenTheControlIsSilentToo) {
    driver_.start();
    driver_.activate("lab", 5);
    driver_.now += seconds{170};
    driver_.apply(ControlSeen{255, 200, 0});
    driver_.now += seconds{10};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("silent too"), std::string::npos);
    EXPECT_TRUE(driver_.settle().empty());  // Held once.
}

TEST_F(Decide, StaysHeldWhileThoseWithTheBundleComeBackAfterTheControl) {
    driver_.start();
    const auto devices = driver_.activate("lab", 5);
    driver_.now += seconds{170};
    driver_.apply(ControlSeen{255, 200, 0});
    driver_.now += seconds{10};
    driver_.settle();
    driver_.apply(ControlSeen{255, 0, 0});
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kHeld);
    driver_.confirm(devices);
    driver_.now += hours{1};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);  // Only people end a hold.
    driver_.two_go_on("the data centre is back");
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
}

TEST_F(Decide, HaltsFromTheHoldWhenOnlyTheControlComesBack) {
    driver_.start();
    driver_.activate("lab", 5);
    driver_.now += seconds{170};
    driver_.apply(ControlSeen{255, 200, 0});
    driver_.now += seconds{10};
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kHeld);
    driver_.apply(ControlSeen{255, 0, 0});
    const auto again = driver_.rollout.next_deadline(driver_.now);
    ASSERT_EQ(again, kStart + seconds{350});
    driver_.now = *again;
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, HaltsOnCrashesEvenWhileTheControlIsSilent) {
    driver_.start();
    driver_.apply(ControlSeen{255, 255, 0});
    driver_.crash(driver_.activate("lab", 3));
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, TakesAControlOfNobodyAsNoReasonToHold) {
    driver_.start();
    driver_.apply(ControlSeen{0, 0, 0});
    driver_.activate("lab", 5);
    driver_.now += seconds{180};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Decide, WeighsCrashesAgainstTheControlCrashByCrash) {
    driver_.start();
    const auto devices = driver_.activate("lab", 5);
    driver_.apply(ControlSeen{95, 0, 0});
    driver_.crash({devices[0]});
    EXPECT_NEAR(driver_.rollout.evidence(driver_.now).log_e_control, log_e_control(1, 0, 0.05),
                1e-9);

    driver_.apply(ControlSeen{95, 0, 19});  // A bad day for everybody: 4 of 99 at risk are ours.
    EXPECT_LT(driver_.rollout.evidence(driver_.now).log_e_control, 0);
    const double bad_day = driver_.rollout.evidence(driver_.now).log_e_control;

    driver_.apply(ControlSeen{95, 0, 10});  // Some of the crashed were offered the bundle since.
    driver_.apply(ControlSeen{95, 0, 19});
    EXPECT_EQ(driver_.rollout.evidence(driver_.now).log_e_control, bad_day);
}

// --- Held -------------------------------------------------------------------------------------

TEST_F(Decide, DoesNothingWhileHeldButWatch) {
    driver_.start(40);
    const auto devices = driver_.activate("lab", 5);
    driver_.apply(Held{"lunch"});
    driver_.confirm({devices[0], devices[1]});
    driver_.now += hours{10};
    EXPECT_FALSE(driver_.rollout.may_activate(devices[0], "lab"));

    const auto decided = driver_.settle();

    ASSERT_EQ(decided.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Halted>(decided.front()));  // Three fell silent meanwhile.
}

TEST_F(Decide, WidensNothingWhileHeld) {
    driver_.start(40);
    clean_window("lab");
    driver_.apply(Held{"lunch"});
    driver_.now += hours{10};

    EXPECT_TRUE(driver_.settle().empty());
    EXPECT_EQ(lab().window, 5);
}

// --- The bound --------------------------------------------------------------------------------

TEST_F(Decide, BoundsTheHarmByTheWindowAndTheFailuresThatHalt) {
    driver_.start();
    // Three silent of five cross 1e4 with three rings; two crashes would, failures_min makes it
    // three.
    EXPECT_EQ(driver_.rollout.failures_to_halt("lab"), 3);
    EXPECT_EQ(driver_.rollout.harm_bound("lab"), 5 + 3 - 1);
    EXPECT_EQ(driver_.rollout.harm_bound("early"),
              10 + driver_.rollout.failures_to_halt("early") - 1);
    EXPECT_EQ(driver_.rollout.harm_bound("broad"),
              20 + driver_.rollout.failures_to_halt("broad") - 1);
}

TEST_F(Decide, KnowsThatAHaltNeedsMoreFailuresAfterMuchGoodNews) {
    driver_.start();
    const std::int64_t at_first = driver_.rollout.failures_to_halt("broad");
    for (const char* ring : {"lab", "early", "broad"}) driver_.pass_ring(ring);

    EXPECT_GT(driver_.rollout.failures_to_halt("broad"), at_first);
}

TEST_F(Decide, CrossesAtExactlyTheFailuresItNames) {
    driver_.start(10, 200);
    driver_.pass_ring("lab");
    for (int i = 0; i < 2; ++i) {
        clean_window("early");
        driver_.settle();
    }
    const auto devices = driver_.activate("early", static_cast<int>(driver_.rollout.room("early")));
    const std::int64_t needed = driver_.rollout.failures_to_halt("early");
    ASSERT_LT(needed, static_cast<std::int64_t>(devices.size()));
    driver_.confirm({devices.begin() + needed, devices.end()});
    driver_.now += seconds{180};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

}  // namespace
}  // namespace firebreak::rollout
