// What people and the calendar have to say: approvals, overrides, freezes.

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

Plan approved_rings(std::int64_t count, std::vector<std::string> of = {}) {
    Plan plan = three_rings();
    plan.rings[1].approvals = count;
    plan.rings[1].approvers = std::move(of);
    return plan;
}

std::optional<Gate> gate_of(const RolloutDriver& driver, Gate::Kind kind) {
    for (const Gate& gate : driver.rollout.gates(driver.now)) {
        if (gate.kind == kind) return gate;
    }
    return std::nullopt;
}

/// All that the ring in front waits for is there, but for what people and calendars say.
void finish_lab(RolloutDriver& driver) {
    driver.start();
    for (int round = 0; round < 40; ++round) {
        const auto devices = driver.activate(
            "lab", static_cast<int>(std::min<std::int64_t>(
                       driver.rollout.room("lab"), 10 - driver.ring_state("lab").activated)));
        driver.now += minutes{1};
        driver.confirm(devices);
        driver.now += minutes{2};
        driver.settle();
    }
}

TEST(Approvals, NextRingStaysShutUntilSoManyDifferentPeopleSaidYes) {
    RolloutDriver driver(approved_rings(2));
    finish_lab(driver);
    EXPECT_FALSE(driver.ring_state("early").open);
    EXPECT_EQ(gate_of(driver, Gate::Kind::kApproved)->need, 2);

    driver.apply(Approved{"alice", "early", "looks good"});
    driver.apply(Approved{"alice", "early", "still does"});
    EXPECT_TRUE(driver.settle().empty());
    EXPECT_EQ(gate_of(driver, Gate::Kind::kApproved)->have, 1);

    driver.apply(Approved{"bob", "early", "to me too"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("early").open);
    // The last ring asks for nobody.
    EXPECT_FALSE(gate_of(driver, Gate::Kind::kApproved));
}

TEST(Approvals, OfOthersThanThosePlannedCountForNothing) {
    RolloutDriver driver(approved_rings(1, {"carol", "dave"}));
    finish_lab(driver);
    driver.apply(Approved{"mallory", "early", "me"});
    EXPECT_TRUE(driver.settle().empty());
    driver.apply(Approved{"dave", "early", "me"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("early").open);
}

TEST(Approvals, DoNotStandInForEvidence) {
    RolloutDriver driver(approved_rings(1));
    driver.start();
    driver.apply(Approved{"alice", "early", "yes"});
    EXPECT_TRUE(driver.settle().empty());
    EXPECT_FALSE(driver.ring_state("early").open);
}

TEST(Approvals, AreForgottenAtAHold) {
    RolloutDriver driver(approved_rings(1));
    driver.start();
    driver.apply(Approved{"alice", "early", "yes"});
    driver.apply(Held{"smoke"});
    driver.apply(Resumed{"operator:bob", "looked"});
    EXPECT_EQ(gate_of(driver, Gate::Kind::kApproved)->have, 0);
}

TEST(Approvals, OfTheLastRingsComeBeforeTheyAreSkippedToo) {
    Plan plan = three_rings();
    plan.rings[2].approvals = 2;
    RolloutDriver driver(plan);
    driver.start(10, 50, 0);
    driver.pass_ring("lab");
    driver.pass_ring("early");
    EXPECT_FALSE(driver.ring_state("broad").open);
    EXPECT_EQ(driver.phase(), Phase::kRolling);
    driver.apply(Approved{"alice", "broad", "yes"});
    driver.apply(Approved{"bob", "broad", "yes"});
    driver.settle();
    EXPECT_EQ(driver.phase(), Phase::kComplete);
}

TEST(Approvals, OfASkippedRingAddToThoseOfTheNext) {
    Plan plan = approved_rings(2);
    plan.rings[2].approvals = 1;
    plan.rings[2].approvers = {"ciso"};
    RolloutDriver driver(plan);
    driver.start(10, 0, 200);
    driver.pass_ring("lab");
    driver.apply(Approved{"alice", "broad", "yes"});
    driver.apply(Approved{"bob", "broad", "yes"});
    EXPECT_TRUE(driver.settle().empty()) << "the ciso was not asked";
    driver.apply(Approved{"ciso", "broad", "yes"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("broad").open);
}

TEST(Approvals, ALogThatOpensARingWithoutThemDoesNotFoldIntoAnOpenRing) {
    RolloutDriver driver(approved_rings(1));
    driver.start();
    driver.apply(RingOpened{"early"});
    EXPECT_FALSE(driver.ring_state("early").open);
}

TEST(Approvals, OfTheFirstRingComeBeforeAnything) {
    Plan plan = three_rings();
    plan.rings[0].approvals = 1;
    RolloutDriver driver(plan);
    driver.start();
    EXPECT_FALSE(driver.ring_state("lab").open);
    ASSERT_TRUE(gate_of(driver, Gate::Kind::kApproved));
    driver.apply(Approved{"alice", "lab", "go"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("lab").open);
}

TEST(Approvals, OfAnEmptyRingAreAskedForByTheNextOne) {
    RolloutDriver driver(approved_rings(1, {"alice"}));
    driver.start(10, 0, 200);
    driver.pass_ring("lab");
    EXPECT_FALSE(driver.ring_state("broad").open);
    EXPECT_EQ(gate_of(driver, Gate::Kind::kApproved)->need, 1);
    driver.apply(Approved{"mallory", "broad", "yes"});
    EXPECT_TRUE(driver.settle().empty());
    driver.apply(Approved{"alice", "broad", "yes"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("early").baked);
    EXPECT_TRUE(driver.ring_state("broad").open);
}

class Override : public ::testing::Test {
protected:
    Override() : driver_(slow_bake()) {
        finish_lab(driver_);
        EXPECT_FALSE(gate_of(driver_, Gate::Kind::kBaked)->open);
        EXPECT_TRUE(gate_of(driver_, Gate::Kind::kExposed)->open);
    }

    static Plan slow_bake() {
        Plan plan = three_rings();
        plan.rings[0].bake_floor = hours{48};
        return plan;
    }
    bool early_open() {
        driver_.settle();
        return driver_.ring_state("early").open;
    }

    RolloutDriver driver_;
};

TEST_F(Override, TakesTwoPeopleAndPassesOverTheBake) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    EXPECT_FALSE(early_open());
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    EXPECT_TRUE(early_open());
    // Of one ring: the next waits for all of its own.
    EXPECT_FALSE(driver_.ring_state("early").overridden);
}

TEST_F(Override, IsNotGrantedByWhoAskedNorWhenNobodyDid) {
    driver_.apply(OverrideGranted{"bob", "lab", "nobody asked"});
    EXPECT_FALSE(early_open());
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"alice", "lab", "me again"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, IsForgottenAfterAnHour) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.now += kOverrideAskedFor + seconds{1};
    EXPECT_EQ(driver_.rollout.override_asked(driver_.now), nullptr);
    driver_.apply(OverrideGranted{"bob", "lab", "late"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, IsOfTheRingThatWasAskedFor) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "early", "this one?"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, DoesNotOutliveAHold) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(Held{"smoke"});
    driver_.apply(Resumed{"operator:mallory", "never mind"});
    driver_.apply(OverrideGranted{"bob", "lab", "anyway"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, ThatWasGrantedDoesNotOutliveAHoldEither) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    driver_.apply(Held{"smoke"});
    driver_.apply(Resumed{"operator:mallory", "never mind"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, DoesNotPassOverEvidence) {
    driver_.crash({"lab-0"});
    ASSERT_GT(driver_.rollout.evidence_of("lab", driver_.now).log_e, 0);
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    EXPECT_FALSE(early_open());
}

TEST_F(Override, IsNoneWhenNobodyIsLeftToOpenFor) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    // All others fall asleep before it is used: what comes next would be last-known-good.
    driver_.apply(FleetSeen{{{"lab", 10}}});
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
}

TEST_F(Override, CannotStopAHalt) {
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    ASSERT_TRUE(early_open());
    const auto devices = driver_.activate("early", 10);
    driver_.crash(devices);
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST(OverrideOfTheLastRing, IsNone) {
    Plan plan = three_rings();
    plan.rings.resize(1);
    plan.rings[0].bake_floor = hours{48};
    plan.default_ring = "lab";
    RolloutDriver driver(plan);
    finish_lab(driver);
    driver.apply(OverrideAsked{"alice", "lab", "hurry"});
    driver.apply(OverrideGranted{"bob", "lab", "yes"});
    EXPECT_TRUE(driver.settle().empty());
    EXPECT_NE(driver.phase(), Phase::kComplete);
}

TEST(OverrideAndApprovals, OneDoesNotStandInForTheOther) {
    Plan plan = approved_rings(1);
    plan.rings[0].bake_floor = hours{48};
    RolloutDriver driver(plan);
    finish_lab(driver);
    driver.apply(OverrideAsked{"alice", "lab", "hurry"});
    driver.apply(OverrideGranted{"bob", "lab", "yes"});
    EXPECT_TRUE(driver.settle().empty());
    driver.apply(Approved{"bob", "early", "yes"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("early").open);
}

class Freezes : public ::testing::Test {
protected:
    static Plan frozen_weekends() {
        Plan plan = three_rings();
        plan.freezes = {{"weekends", "UTC", {true, 0}, {true, 60}}};
        return plan;
    }
    void freeze(std::chrono::minutes from, std::chrono::minutes until) {
        driver_.apply(FreezeSeen{"weekends", kStart + from, kStart + until});
    }

    RolloutDriver driver_{frozen_weekends()};
};

TEST_F(Freezes, NoRingOpensUntilTheyAreOver) {
    freeze(minutes{0}, minutes{60});
    driver_.start();
    EXPECT_FALSE(driver_.ring_state("lab").open);
    EXPECT_EQ(gate_of(driver_, Gate::Kind::kThawed)->opens_at, kStart + minutes{60});
    EXPECT_EQ(driver_.rollout.next_deadline(driver_.now), kStart + minutes{60});
    driver_.now = kStart + minutes{60};
    driver_.settle();
    EXPECT_TRUE(driver_.ring_state("lab").open);
}

TEST_F(Freezes, NoThresholdRisesAndNoWindowGrows) {
    driver_.start();
    freeze(minutes{1}, minutes{600});
    driver_.confirm(driver_.activate("lab", 5));
    driver_.now += minutes{1};
    const std::int64_t threshold = driver_.ring_state("lab").threshold_ppb;
    EXPECT_TRUE(driver_.settle().empty());
    driver_.now += minutes{598};
    EXPECT_TRUE(driver_.settle().empty());
    EXPECT_EQ(driver_.ring_state("lab").threshold_ppb, threshold);
    driver_.now += minutes{1};
    EXPECT_FALSE(driver_.settle().empty());
    EXPECT_GT(driver_.ring_state("lab").threshold_ppb, threshold);
}

TEST_F(Freezes, DoNotKeepAHaltFromComing) {
    driver_.start();
    freeze(minutes{0}, minutes{600});
    driver_.crash(driver_.activate("lab", 5));
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Freezes, ArePassedOverByAnOverride) {
    driver_.start();
    freeze(minutes{0}, minutes{6000});
    const std::int64_t before = driver_.ring_state("lab").threshold_ppb;
    driver_.confirm(driver_.activate("lab", 5));
    EXPECT_TRUE(driver_.settle().empty());
    driver_.apply(OverrideAsked{"alice", "lab", "a worm is out"});
    driver_.apply(OverrideGranted{"bob", "lab", "seen it"});
    driver_.settle();
    EXPECT_GT(driver_.ring_state("lab").threshold_ppb, before);
}

TEST_F(Freezes, AreOverWhenTheyEnd) {
    driver_.start();
    freeze(minutes{10}, minutes{20});
    EXPECT_FALSE(driver_.rollout.frozen_until(kStart + minutes{10} - seconds{1}));
    EXPECT_EQ(driver_.rollout.frozen_until(kStart + minutes{10}), kStart + minutes{20});
    EXPECT_FALSE(driver_.rollout.frozen_until(kStart + minutes{20}));
}

}  // namespace
}  // namespace firebreak::rollout
