// Who may go on with what is held: alone with what a person held, two together with what the
// controller did. One person who tries to be past the evidence alone gets nowhere, whatever the log
// is made to say.

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

/// A lab of five of which one failed, which the controller held for it.
class Resume : public ::testing::Test {
protected:
    Resume() : driver_(small_lab()) {
        driver_.start(5);
        devices_ = driver_.activate("lab", 5);
        driver_.confirm({devices_[0], devices_[1], devices_[2], devices_[3]});
        driver_.now += hours{1};
        driver_.settle();
        EXPECT_TRUE(is_held());
        EXPECT_EQ(driver_.rollout.held_by(), HeldBy::kController);
    }

    static Plan small_lab() {
        Plan plan = three_rings();
        plan.rings[0].confirmed_min = 4;
        return plan;
    }
    bool is_held() const { return driver_.phase() == Phase::kHeld; }
    std::int64_t failed() const { return driver_.rollout.evidence(driver_.now).failed_devices; }

    RolloutDriver driver_;
    std::vector<std::string> devices_;
};

TEST_F(Resume, TakesTwoPeopleAndForgivesWhatFailed) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    EXPECT_TRUE(is_held());
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now)->person, "alice");
    driver_.apply(ResumeGranted{"bob", "alice", "so it did"});
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_EQ(failed(), 0);
    EXPECT_EQ(driver_.rollout.held_by(), HeldBy::kUnsaid);
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now), nullptr);
    driver_.settle();
    EXPECT_TRUE(driver_.ring_state("early").open);
}

TEST_F(Resume, OnePersonAloneDoesNot) {
    const Rollout before = driver_.rollout;
    driver_.apply(Resumed{"operator:mallory", "never mind"});
    EXPECT_EQ(driver_.rollout, before);
    driver_.apply(ResumeGranted{"mallory", "mallory", "nobody asked"});
    driver_.apply(ResumeGranted{"mallory", "alice", "she said so"});
    EXPECT_EQ(driver_.rollout, before);

    driver_.apply(ResumeAsked{"mallory", "never mind"});
    driver_.apply(ResumeAsked{"mallory", "really"});
    driver_.apply(ResumeGranted{"mallory", "mallory", "me again"});
    driver_.apply(Resumed{"operator:mallory", "and again"});
    EXPECT_TRUE(is_held());
    EXPECT_EQ(failed(), 1);
}

TEST_F(Resume, IsGrantedToWhoAskedForIt) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.apply(ResumeAsked{"mallory", "mine, then"});
    driver_.apply(ResumeGranted{"bob", "mallory", "whose?"});
    EXPECT_TRUE(is_held());
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now)->person, "alice");
    driver_.apply(ResumeGranted{"bob", "alice", "so it did"});
    EXPECT_FALSE(is_held());
}

TEST_F(Resume, ThatWasAskedForIsForgottenAfterAnHour) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.now += kOverrideAskedFor + milliseconds{1};
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now), nullptr);
    driver_.apply(ResumeGranted{"bob", "alice", "late"});
    EXPECT_TRUE(is_held());

    driver_.apply(ResumeAsked{"bob", "its disk died"});
    driver_.now += kOverrideAskedFor;
    driver_.apply(ResumeGranted{"alice", "bob", "in the last moment"});
    EXPECT_FALSE(is_held());
}

TEST_F(Resume, AskedAgainAndAgainLastsNoLonger) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.now += minutes{59};
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.now += minutes{2};
    driver_.apply(ResumeGranted{"bob", "alice", "late"});
    EXPECT_TRUE(is_held());
}

TEST_F(Resume, OfAnOlderHoldIsNoneOfANewerOne) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.apply(ResumeGranted{"bob", "alice", "so it did"});
    driver_.settle();
    driver_.apply(Held{"something else", HeldBy::kController});
    // Both once more, as from a log that was put together anew.
    driver_.apply(ResumeGranted{"bob", "alice", "so it did"});
    EXPECT_TRUE(is_held());
}

TEST_F(Resume, ThatWasAskedForEndsWithAnotherHold) {
    driver_.apply(ResumeAsked{"mallory", "with a stolen token"});
    driver_.apply(Held{"no", HeldBy::kPerson});
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now), nullptr);
    driver_.apply(ResumeGranted{"bob", "mallory", "seen too late"});
    EXPECT_TRUE(is_held());
    EXPECT_EQ(driver_.rollout.held_by(), HeldBy::kController) << "nobody makes it his own hold";
    driver_.apply(Resumed{"operator:mallory", "it is mine"});
    EXPECT_TRUE(is_held());
    EXPECT_NE(driver_.rollout.reason(), "no");
}

TEST_F(Resume, DoesNotBringBackWhatIsHalted) {
    driver_.apply(ResumeAsked{"alice", "its disk died"});
    driver_.apply(Halted{"smoke", 0});
    driver_.apply(ResumeGranted{"bob", "alice", "so it did"});
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Resume, IsNotAskedForBeforeTheHold) {
    RolloutDriver driver(small_lab());
    driver.start(5);
    driver.apply(ResumeAsked{"alice", "in case"});
    driver.apply(Held{"look", HeldBy::kController});
    driver.apply(ResumeGranted{"bob", "alice", "now"});
    EXPECT_EQ(driver.phase(), Phase::kHeld);
}

TEST_F(Resume, OfACompleteOneTakesTwoAsWell) {
    driver_.two_go_on("its disk died");
    driver_.apply(Completed{});
    driver_.apply(Held{"late news", HeldBy::kController});
    driver_.apply(Resumed{"operator:mallory", "never mind"});
    EXPECT_TRUE(is_held());
    driver_.two_go_on("old news");
    EXPECT_EQ(driver_.phase(), Phase::kComplete);
}

TEST_F(Resume, OfWhatAPersonHeldTakesOneAndPassesOverNothing) {
    driver_.two_go_on("its disk died");
    driver_.settle();
    const auto early = driver_.activate("early", 5);
    driver_.crash({early[0]});
    const Evidence before = driver_.rollout.evidence(driver_.now);
    driver_.apply(Held{"lunch", HeldBy::kPerson});
    driver_.apply(ResumeAsked{"alice", "of that nobody asks"});
    EXPECT_EQ(driver_.rollout.resume_asked(driver_.now), nullptr);
    driver_.apply(Resumed{"operator:alice", "back"});

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    const Evidence after = driver_.rollout.evidence(driver_.now);
    EXPECT_EQ(after.failed_devices, before.failed_devices);
    EXPECT_EQ(after.log_e, before.log_e);
    EXPECT_EQ(driver_.rollout.unconfirmed("early"), 5);
}

TEST_F(Resume, NobodyHoldsAndResumesAwayFailureAfterFailure) {
    driver_.two_go_on("its disk died");
    driver_.settle();
    const auto early = driver_.activate("early", 10);
    for (const std::string& device : early) {
        driver_.crash({device});
        if (driver_.phase() != Phase::kRolling) break;
        driver_.apply(Held{"quick", HeldBy::kPerson});
        driver_.apply(Resumed{"operator:mallory", "nothing happened"});
        driver_.settle();
    }
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Resume, ByWhoHeldFirstDoesNotKeepTheControllerFromHolding) {
    RolloutDriver driver(small_lab());
    driver.start(5);
    const auto devices = driver.activate("lab", 5);
    driver.confirm({devices[0], devices[1], devices[2], devices[3]});
    driver.apply(Held{"before anybody sees", HeldBy::kPerson});
    driver.now += hours{1};
    driver.settle();
    driver.apply(Resumed{"operator:mallory", "nothing happened"});
    driver.settle();
    EXPECT_EQ(driver.phase(), Phase::kHeld);
    EXPECT_EQ(driver.rollout.held_by(), HeldBy::kController);
}

/// In a log from before a hold said who made it, one person's resume does what it did then.
TEST(ResumeOfBefore, IsOnePersonsAndForgives) {
    RolloutDriver driver;
    driver.start();
    const auto devices = driver.activate("lab", 5);
    driver.crash({devices[0]});
    driver.apply(Held{"look"});
    EXPECT_EQ(driver.rollout.held_by(), HeldBy::kUnsaid);
    driver.apply(Resumed{"operator:alice", "looked"});
    EXPECT_EQ(driver.phase(), Phase::kRolling);
    EXPECT_EQ(driver.rollout.evidence(driver.now).failed_devices, 0);
    EXPECT_EQ(driver.rollout.unconfirmed("lab"), 4);
}

}  // namespace
}  // namespace firebreak::rollout
