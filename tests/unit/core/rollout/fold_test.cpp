// Exactly-once effect: whatever is repeated, late, out of place or made up changes nothing that it
// should not. And the window, which is what bounds the harm.

#include <functional>
#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

/// Five devices of the lab ring let in, one second after the start.
class Fold : public ::testing::Test {
protected:
    Fold() {
        driver_.start();
        driver_.now += seconds{1};
        devices_ = driver_.activate("lab", 5);
    }

    /// What `act` changes but for the time of the last event: nothing.
    void expect_nothing_changes(const std::function<void()>& act) {
        driver_.apply(FleetSeen{{{"lab", 10}, {"early", 50}, {"broad", 200}}});
        const Rollout before = driver_.rollout;
        act();
        EXPECT_EQ(driver_.rollout, before);
    }

    const RingState& lab() const { return driver_.ring_state("lab"); }
    Evidence evidence() const { return driver_.rollout.evidence(driver_.now); }

    RolloutDriver driver_;
    std::vector<std::string> devices_;
};

TEST_F(Fold, StartsWithOneRingOpenAndItsFirstStep) {
    ASSERT_EQ(devices_.size(), 5U);
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_TRUE(lab().open);
    EXPECT_FALSE(driver_.ring_state("early").open);
    EXPECT_EQ(lab().window, 5);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll / 2);
    EXPECT_EQ(driver_.rollout.first_activation(), kStart + seconds{1});
}

TEST_F(Fold, CountsADeviceOnceHoweverOftenItReports) {
    expect_nothing_changes([&] { driver_.apply(Activated{devices_[0], "t9", "early"}); });
    driver_.apply(Confirmed{devices_[0]});
    expect_nothing_changes([&] { driver_.apply(Confirmed{devices_[0]}); });
    expect_nothing_changes([&] { driver_.apply(Activated{devices_[0], "t9", "lab"}); });
    driver_.apply(Crashed{devices_[1]});
    expect_nothing_changes([&] {
        driver_.apply(Crashed{devices_[1]});
        driver_.apply(RolledBack{devices_[1]});
        driver_.apply(Refused{devices_[1]});
        driver_.apply(Activated{devices_[1], "t9", "lab"});
    });

    EXPECT_EQ(lab().activated, 5);
    EXPECT_EQ(lab().confirmed, 1);
    EXPECT_EQ(lab().failed, 1);
    EXPECT_EQ(evidence().failed_devices, 1);
}

TEST_F(Fold, IgnoresDevicesAndRingsItNeverSaw) {
    expect_nothing_changes([&] {
        driver_.apply(Confirmed{"stranger"});
        driver_.apply(Crashed{"stranger"});
        driver_.apply(RolledBack{"stranger"});
        driver_.apply(Refused{"stranger"});
        driver_.apply(Activated{"stranger", "t", "no such ring"});
        driver_.apply(RingOpened{"no such ring"});
        driver_.apply(RingSkipped{"no such ring"});
        driver_.apply(Widened{"no such ring", 100, kPpbAll});
        driver_.apply(Widened{"early", 100, kPpbAll});  // Not open.
        driver_.apply(RingOpened{"lab"});               // Open already.
        driver_.apply(Started{});
        driver_.apply(Resumed{"alice", ""});  // Not held.
    });
    EXPECT_FALSE(driver_.rollout.may_activate("stranger", "no such ring"));
    EXPECT_EQ(driver_.rollout.unconfirmed("no such ring"), 0);
}

TEST_F(Fold, IgnoresDevicesBeforeItStarted) {
    RolloutDriver ready;
    ready.apply(Activated{"d", "t", "lab"});
    ready.apply(RingOpened{"lab"});
    ready.apply(Held{"early"});

    EXPECT_EQ(ready.phase(), Phase::kReady);
    EXPECT_TRUE(ready.rollout.exposures().empty());
    EXPECT_FALSE(ready.rollout.may_activate("d", "lab"));
    EXPECT_TRUE(ready.rollout.decide(ready.now).empty());
}

TEST_F(Fold, NeverLowersAThreshold) {
    driver_.apply(Widened{"lab", 3, 1});

    EXPECT_EQ(lab().threshold_ppb, kPpbAll / 2);
    EXPECT_EQ(lab().window, 3);
}

TEST_F(Fold, KeepsAnEventFromWindowsThatNoPlanCanHave) {
    driver_.apply(Widened{"lab", 0, -5});
    EXPECT_EQ(lab().window, 1);
    driver_.apply(Widened{"lab", kWindowMax + 1, kPpbAll + 1});
    EXPECT_EQ(lab().window, kWindowMax);
    EXPECT_EQ(lab().threshold_ppb, kPpbAll);
}

TEST_F(Fold, TakesAnEventFromThePastAsOfNow) {
    driver_.log.clear();
    driver_.rollout.apply({kStart - hours{1}, Confirmed{devices_[0]}});

    EXPECT_EQ(driver_.rollout.exposures().find(devices_[0])->resolved, kStart + seconds{1});
}

TEST_F(Fold, TellsACrashFromSilence) {
    driver_.crash({devices_[0]});
    driver_.now += minutes{3};
    driver_.apply(Started{});  // Any event makes the deadlines pass.

    EXPECT_TRUE(driver_.rollout.exposures().find(devices_[0])->crashed);
    EXPECT_FALSE(driver_.rollout.exposures().find(devices_[0])->silent);
    EXPECT_FALSE(driver_.rollout.exposures().find(devices_[1])->crashed);
    EXPECT_TRUE(driver_.rollout.exposures().find(devices_[1])->silent);
    EXPECT_EQ(driver_.rollout.exposures().find(devices_[1])->resolved, kStart + seconds{181});
    EXPECT_EQ(lab().crashed, 1);
    EXPECT_EQ(lab().silent, 4);
    EXPECT_EQ(lab().pending, 0);
}

TEST_F(Fold, CountsSilenceFromTheDeadlineOnWithoutAnEvent) {
    const Instant deadline = driver_.now + minutes{3};

    EXPECT_EQ(driver_.rollout.evidence(deadline - seconds{1}).failed_devices, 0);
    EXPECT_EQ(driver_.rollout.evidence(deadline).failed_devices, 5);
    EXPECT_EQ(driver_.rollout.rings_at(deadline)[0].failed, 5);
    EXPECT_EQ(driver_.rollout.next_silence(driver_.now), deadline);
    EXPECT_EQ(driver_.rollout.next_silence(deadline), std::nullopt);
}

TEST_F(Fold, WeighsTheSameWhetherOrNotAnEventMadeTheDeadlinePass) {
    driver_.confirm({devices_[0]});
    driver_.now += minutes{3};
    const Evidence before = evidence();

    driver_.apply(Started{});

    EXPECT_EQ(evidence().log_e, before.log_e);
    EXPECT_EQ(evidence().failed_tenants, before.failed_tenants);
    EXPECT_EQ(driver_.rollout.rings_at(driver_.now), driver_.rollout.rings());
}

TEST_F(Fold, TakesSilenceBackWhenTheDeviceSpeaksAfterAll) {
    driver_.confirm({devices_[0], devices_[1], devices_[2], devices_[3]});
    const Instant last = driver_.now;
    driver_.now += minutes{3};
    const double suspicious = evidence().log_e;
    ASSERT_GT(suspicious, 0);

    driver_.confirm({devices_[4]});

    EXPECT_LT(evidence().log_e, 0);
    EXPECT_EQ(evidence().failed_devices, 0);
    EXPECT_EQ(evidence().failed_tenants, 0);
    EXPECT_EQ(lab().confirmed, 5);
    EXPECT_EQ(lab().failed, 0);
    EXPECT_EQ(lab().unconfirmed, 0);
    EXPECT_EQ(lab().last_confirmed, last);  // And does not restart the bake.
}

TEST_F(Fold, DoesNotTakeACrashBack) {
    driver_.crash({devices_[0]});

    expect_nothing_changes([&] { driver_.confirm({devices_[0]}); });

    EXPECT_EQ(lab().unconfirmed, 5);
}

TEST_F(Fold, ReckonsASilentDeviceThatThenTellsOfItsCrashAsCrashedAlone) {
    driver_.now += minutes{3};
    driver_.apply(RolledBack{devices_[0]});

    EXPECT_EQ(lab().crashed, 1);
    EXPECT_EQ(lab().silent, 4);
    EXPECT_EQ(lab().failed, 5);
    EXPECT_EQ(evidence().failed_devices, 5);
}

TEST_F(Fold, CountsTheCrashOfADeviceThatHadConfirmed) {
    driver_.confirm(devices_);
    driver_.now += hours{1};
    driver_.crash({devices_[0]});

    EXPECT_EQ(lab().confirmed, 4);
    EXPECT_EQ(lab().crashed, 1);
    EXPECT_EQ(lab().unconfirmed,
              0);  // It was healthy once; the window is for those who never were.
}

TEST_F(Fold, SumsDeviceHoursAtRiskUntilTheCrashAndCleanOnesWhileConfirmed) {
    driver_.confirm({devices_[0], devices_[1]});
    driver_.now += hours{2};
    driver_.crash({devices_[0]});
    driver_.now += hours{1};

    EXPECT_NEAR(evidence().exposure_hours, 2 + 4 * 3, 1e-9);
    EXPECT_NEAR(driver_.rollout.clean_hours(lab(), driver_.now), 3, 1e-9);
}

// --- The window -------------------------------------------------------------------------------

TEST_F(Fold, LetsNobodyInWhoseBucketIsNotBelowTheThreshold) {
    driver_.confirm(devices_);
    int refused = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string device = "other-" + std::to_string(i);
        const bool below = bucket(driver_.rollout.bundle(), device) < lab().threshold_ppb;
        EXPECT_EQ(driver_.rollout.may_activate(device, "lab"), below);
        refused += below ? 0 : 1;
    }
    EXPECT_GT(refused, 50);
}

TEST_F(Fold, LetsNobodyIntoARingThatIsNotOpen) {
    EXPECT_TRUE(driver_.activate("early", 1).empty());
    EXPECT_TRUE(driver_.activate("broad", 1).empty());
    EXPECT_EQ(driver_.rollout.room("early"), 0);
}

TEST_F(Fold, LetsNobodyInWhileTheWindowIsFull) {
    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 5);
    EXPECT_EQ(driver_.rollout.room("lab"), 0);
    EXPECT_TRUE(driver_.activate("lab", 1).empty());

    driver_.confirm({devices_[0], devices_[1]});

    EXPECT_EQ(driver_.activate("lab", 5).size(), 2U);
}

TEST_F(Fold, LetsADeviceThatWasLetInTryAgain) {
    EXPECT_TRUE(driver_.rollout.may_activate(devices_[0], "lab"));
    driver_.crash({devices_[0]});
    EXPECT_TRUE(driver_.rollout.may_activate(devices_[0], "lab"));
}

TEST_F(Fold, KeepsAFailedDevicesPlaceTaken) {
    driver_.confirm({devices_[0], devices_[1], devices_[2]});
    driver_.crash({devices_[3]});
    driver_.now += minutes{3};
    driver_.apply(Started{});

    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 2);
    EXPECT_EQ(driver_.rollout.room("lab"), 3);
}

TEST_F(Fold, FreesThePlacesOfFailedDevicesWhenTwoPeopleGoOn) {
    driver_.confirm({devices_[0], devices_[1], devices_[2]});
    driver_.crash({devices_[3]});
    driver_.now += minutes{3};
    driver_.apply(Held{"look", HeldBy::kController});
    EXPECT_FALSE(driver_.rollout.may_activate(devices_[4], "lab"));
    ASSERT_GT(evidence().log_e, 0);

    driver_.two_go_on("a broken cable");

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 0);
    EXPECT_EQ(evidence().failed_devices, 0);
    EXPECT_EQ(evidence().failed_tenants, 0);
    EXPECT_LT(evidence().log_e, 0);
    EXPECT_EQ(lab().failed, 2);  // The record stays.
}

TEST_F(Fold, CountsAForgivenDevicesNextFailure) {
    driver_.now += minutes{3};
    driver_.apply(Held{"look", HeldBy::kController});
    driver_.two_go_on("a switch was off");
    ASSERT_EQ(driver_.rollout.unconfirmed("lab"), 0);

    driver_.crash({devices_[0]});

    EXPECT_EQ(evidence().failed_devices, 1);
    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 1);
}

TEST_F(Fold, GivesAForgivenDeviceThatTriesAgainAPlaceInTheWindow) {
    driver_.crash({devices_[0]});
    driver_.apply(Held{"look", HeldBy::kController});
    driver_.two_go_on("");
    ASSERT_EQ(driver_.rollout.unconfirmed("lab"), 4);
    ASSERT_TRUE(driver_.rollout.may_activate(devices_[0], "lab"));

    driver_.apply(Activated{devices_[0], "t1", "lab"});

    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 5);
    EXPECT_EQ(lab().activated, 5);
    EXPECT_EQ(lab().pending, 5);
    EXPECT_EQ(lab().crashed, 0);
}

TEST_F(Fold, CountsADeviceOnceThatWasForgivenAndTriesAgainInTheInstantItWasLetIn) {
    driver_.crash({devices_[3]});  // Let in at this very time, as all of them.
    driver_.apply(Held{"look", HeldBy::kController});
    driver_.two_go_on("");
    driver_.apply(Activated{devices_[3], "t1", "lab"});

    const Instant overdue = driver_.now + driver_.rollout.plan().silence_deadline;

    EXPECT_EQ(driver_.rollout.rings_at(overdue).front().pending, 0);
    EXPECT_EQ(driver_.rollout.rings_at(overdue).front().silent, 5);
}

TEST_F(Fold, JudgesAForgivenDeviceThatTriesAgainByWhatComesOfIt) {
    driver_.now += minutes{4};
    driver_.apply(Held{"look", HeldBy::kController});
    driver_.two_go_on("");
    ASSERT_EQ(lab().forgiven, 5);
    for (const std::string& device : {devices_[0], devices_[1]}) {
        driver_.apply(Activated{device, "t1", "lab"});
    }
    EXPECT_EQ(evidence().failed_devices, 0);

    driver_.now += minutes{1};
    driver_.confirm({devices_[0]});
    driver_.now += minutes{4};
    driver_.apply(ControlSeen{});

    EXPECT_EQ(lab().confirmed, 1);
    EXPECT_EQ(lab().silent, 1);
    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 1);
}

TEST_F(Fold, SharesTheWidestWindowBetweenRings) {
    // Two latecomers of the lab are pending while early, with a window of 10, is rolling.
    driver_.confirm(devices_);
    driver_.apply(Widened{"lab", 10, kPpbAll});
    driver_.apply(RingOpened{"early"});
    driver_.apply(Widened{"early", 10, kPpbAll});
    ASSERT_EQ(driver_.activate("lab", 2).size(), 2U);

    EXPECT_EQ(driver_.activate("early", 20).size(), 8U);
    EXPECT_TRUE(driver_.activate("lab", 1).empty());
}

// --- Phases -----------------------------------------------------------------------------------

TEST_F(Fold, StaysHaltedWhateverComes) {
    driver_.apply(Halted{"a person", 0});
    const Instant halted_at = driver_.now;
    driver_.now += minutes{1};

    driver_.apply(Halted{"another", 5});
    driver_.two_go_on("");
    driver_.apply(Started{});
    driver_.apply(Held{"x"});
    driver_.apply(Completed{});
    driver_.apply(Superseded{8});
    driver_.apply(RingOpened{"early"});
    driver_.apply(Widened{"lab", 100, kPpbAll});

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_EQ(driver_.rollout.reason(), "a person");
    EXPECT_EQ(driver_.rollout.halted_at(), halted_at);
    EXPECT_EQ(lab().window, 5);
    EXPECT_FALSE(driver_.ring_state("early").open);
    EXPECT_FALSE(driver_.rollout.may_activate(devices_[0], "lab"));
    EXPECT_TRUE(driver_.rollout.decide(driver_.now).empty());
    EXPECT_EQ(driver_.rollout.next_deadline(driver_.now), std::nullopt);
}

TEST_F(Fold, DoesNotUndoAHaltWhenTheSilentSpeak) {
    driver_.now += minutes{3};
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kHalted);

    driver_.confirm(devices_);

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_EQ(evidence().failed_devices, 0);
}

TEST_F(Fold, HaltsFromEveryPhaseThatIsNotOver) {
    driver_.apply(Held{"x"});
    driver_.apply(Halted{"halt", 0});
    EXPECT_EQ(driver_.phase(), Phase::kHalted);

    RolloutDriver ready;
    ready.apply(Halted{"halt", 0});
    EXPECT_EQ(ready.phase(), Phase::kHalted);

    RolloutDriver complete;
    complete.start();
    complete.apply(Completed{});
    complete.apply(Halted{"halt", 0});
    EXPECT_EQ(complete.phase(), Phase::kHalted);

    RolloutDriver retired;
    retired.start();
    retired.apply(Superseded{8});
    retired.apply(Halted{"halt", 0});
    EXPECT_EQ(retired.phase(), Phase::kRetired);
}

TEST_F(Fold, ResumesToWhereItWasHeld) {
    driver_.apply(Completed{});
    driver_.apply(Held{"look", HeldBy::kController});
    EXPECT_EQ(driver_.rollout.reason(), "look");
    driver_.two_go_on("");

    EXPECT_EQ(driver_.phase(), Phase::kComplete);
    EXPECT_EQ(driver_.rollout.reason(), "");
}

TEST_F(Fold, IsOverOnceSuperseded) {
    driver_.apply(Superseded{8});

    EXPECT_EQ(driver_.phase(), Phase::kRetired);
    EXPECT_FALSE(driver_.rollout.may_activate(devices_[0], "lab"));
    driver_.now += minutes{3};
    EXPECT_TRUE(driver_.rollout.decide(driver_.now).empty());
}

TEST(Phase, HasAName) {
    EXPECT_EQ(name_of(Phase::kReady), "ready");
    EXPECT_EQ(name_of(Phase::kRolling), "rolling");
    EXPECT_EQ(name_of(Phase::kHeld), "held");
    EXPECT_EQ(name_of(Phase::kHalted), "halted");
    EXPECT_EQ(name_of(Phase::kComplete), "complete");
    EXPECT_EQ(name_of(Phase::kRetired), "retired");
}

}  // namespace
}  // namespace firebreak::rollout
