// Devices that fall silent after they confirmed (ADR 0009).

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

/// The first ring rolled out in part: 20 of its 240 devices run the release and are well.
class Losses : public ::testing::Test {
protected:
    void SetUp() override {
        driver_.start(240);
        while (lab().activated < 20) activate_and_confirm();
        driver_.apply(ControlSeen{.devices = 1000});
    }

    void activate_and_confirm() {
        const auto devices = driver_.activate("lab", static_cast<int>(driver_.rollout.room("lab")));
        driver_.now += minutes{1};
        driver_.confirm(devices);
        driver_.settle();
    }

    /// Of a ring of 45, at its bake's end, everybody well.
    void finish_ring() {
        driver_ = RolloutDriver();
        driver_.start(45);
        while (lab().activated < 45) activate_and_confirm();
        driver_.now += minutes{11};
    }

    void lose(std::int64_t lost, std::int64_t control_lost, std::int64_t silent,
              std::int64_t tenants) {
        driver_.now += minutes{15};
        driver_.apply(LossesSeen{.heard = {{"lab", 20}},
                                 .lost = {{"lab", lost}},
                                 .control_heard = {{"lab", 200}},
                                 .control_lost = {{"lab", control_lost}},
                                 .silent = {{"lab", silent}},
                                 .silent_tenants = tenants});
        driver_.settle();
    }

    /// As lose(), of a ring that all run; of 1000 devices of another `control_lost` are.
    void see_silent(std::int64_t silent, std::int64_t control_lost = 0) {
        driver_.apply(LossesSeen{.heard = {{"lab", 40}},
                                 .lost = {{"lab", silent}},
                                 .control_heard = {{"broad", 1000}},
                                 .control_lost = {{"broad", control_lost}},
                                 .silent = {{"lab", silent}},
                                 .silent_tenants = 3});
    }

    const RingState& lab() const { return driver_.ring_state("lab"); }
    double log_e_losses() const { return driver_.rollout.evidence(driver_.now).log_e_losses; }

    RolloutDriver driver_;
};

TEST_F(Losses, OfTheReleaseAloneHalt) {
    lose(18, 0, 18, 3);

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_NE(driver_.rollout.reason().find("18 fell silent after they confirmed"),
              std::string::npos)
        << driver_.rollout.reason();
}

TEST_F(Losses, OfBothAlikeSayNothing) {
    driver_.apply(ControlSeen{.devices = 1000, .silent = 450});
    for (int i = 0; i < 20; ++i) lose(9, 90, 9, 3);

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_LT(log_e_losses(), 0);
}

TEST_F(Losses, OfANightDoNotBuryWhatComesAfterIt) {
    for (int i = 0; i < 50; ++i) lose(10, 100, 10, 3);
    ASSERT_LT(log_e_losses(), 0);

    lose(19, 0, 20, 3);
    lose(19, 0, 20, 3);

    EXPECT_EQ(driver_.phase(), Phase::kHalted);
}

TEST_F(Losses, OfOneTenantHoldOutsideOfTheVendorsRings) {
    Plan plan = three_rings();
    plan.rings[0].vendor_own = false;
    driver_ = RolloutDriver(plan);
    SetUp();

    lose(19, 0, 19, 1);

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
}

TEST_F(Losses, HoldWhileTheControlIsSilentToo) {
    driver_.apply(ControlSeen{.devices = 1000, .silent = 600});

    lose(19, 0, 19, 3);

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
}

TEST_F(Losses, DoNotMakeUpTheNumbersForOtherEvidence) {
    // Two crashes are evidence enough, and not devices enough; sleepers are no third.
    driver_ = RolloutDriver();
    driver_.start(40);
    const auto devices = driver_.activate("lab", 5);
    driver_.apply(LossesSeen{.silent = {{"lab", 3}}, .silent_tenants = 3});
    driver_.crash({devices[0], devices[1]});

    driver_.settle();

    const Evidence evidence = driver_.rollout.evidence(driver_.now);
    EXPECT_GT(evidence.log_e, 9.3);
    EXPECT_EQ(evidence.failed_devices, 2);
    EXPECT_EQ(evidence.lost_devices, 3);
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
}

TEST_F(Losses, WithoutAControlInTheRingAreNoEvidence) {
    driver_.now += minutes{15};
    see_silent(20);

    driver_.settle();

    EXPECT_EQ(log_e_losses(), 0);
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_EQ(lab().lost, 20);
}

TEST_F(Losses, KeepTheNextRingShutUntilTheyAreHeardAgain) {
    finish_ring();
    see_silent(4);
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_FALSE(driver_.ring_state("early").open);

    see_silent(1);
    driver_.settle();

    EXPECT_TRUE(driver_.ring_state("early").open);
}

TEST_F(Losses, HoldTheRingWhenTheyAreNotHeardAgain) {
    finish_ring();
    see_silent(4);
    driver_.now += kDoubtFloors * minutes{10} - minutes{5};
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);

    driver_.now += minutes{10};
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
}

TEST_F(Losses, HoldTheRingAtOnceWhenTheyAreMany) {
    finish_ring();
    see_silent(10);

    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_EQ(driver_.rollout.reason(),
              "ring lab: 10 of 45 devices fell silent after they confirmed, more than without the "
              "release; look at them, then resume or halt");
}

TEST_F(Losses, OfAFleetAsleepAreNoReasonToWait) {
    finish_ring();
    see_silent(16, 400);
    driver_.apply(ControlSeen{.devices = 1000, .silent = 400});

    driver_.settle();

    EXPECT_TRUE(driver_.ring_state("early").open);
}

TEST_F(Losses, OfTheNightBeforeDoNotExcuseThoseOfTheMorning) {
    finish_ring();
    see_silent(30, 800);
    driver_.apply(ControlSeen{.devices = 1000, .silent = 50});

    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kHeld);
}

TEST_F(Losses, SayNothingWhenHardlyAControlIsLeft) {
    finish_ring();
    driver_.apply(LossesSeen{.heard = {{"lab", 40}},
                             .lost = {{"lab", 16}},
                             .control_heard = {{"broad", 3}},
                             .silent = {{"lab", 16}},
                             .silent_tenants = 3});

    driver_.settle();

    EXPECT_TRUE(driver_.ring_state("early").open);
}

TEST_F(Losses, OfOneDeviceOfAFewKeepTheNextRingShut) {
    driver_ = RolloutDriver();
    driver_.start(5);
    activate_and_confirm();
    driver_.now += minutes{11};
    see_silent(1);

    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_FALSE(driver_.ring_state("early").open);
}

TEST_F(Losses, AreForgivenByTheTwoWhoGoOn) {
    finish_ring();
    see_silent(10);
    driver_.settle();
    ASSERT_EQ(driver_.phase(), Phase::kHeld);

    driver_.two_go_on("the lab moves house");
    EXPECT_EQ(lab().lost, 0);
    see_silent(11);
    EXPECT_EQ(lab().lost, 1);
    driver_.settle();

    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_TRUE(driver_.ring_state("early").open);
    // Who was heard again is no longer forgiven.
    see_silent(2);
    see_silent(10);
    EXPECT_EQ(lab().lost, 8);
}

TEST_F(Losses, AreAGateThatSaysHowManyMayBe) {
    finish_ring();
    see_silent(4);

    const std::vector<Gate> gates = driver_.rollout.gates(driver_.now);

    const auto closed = std::ranges::count_if(gates, [](const Gate& gate) { return !gate.open; });
    ASSERT_EQ(gates.size(), 7U);
    EXPECT_EQ(closed, 1);
    EXPECT_EQ(gates.back().kind, Gate::Kind::kHeard);
    EXPECT_FALSE(gates.back().open);
    EXPECT_EQ(gates.back().have, 4);
    EXPECT_NEAR(gates.back().need, 1 + 0.02 * 45, 1e-9);
}

TEST_F(Losses, FoldToTheSameState) {
    lose(3, 1, 3, 2);
    lose(2, 2, 5, 2);
    Rollout again({"yara", 7}, sha256(bytes_of("a bundle")), three_rings());

    for (const Event& event : driver_.log) again.apply(event);

    EXPECT_EQ(again, driver_.rollout);
}

}  // namespace
}  // namespace firebreak::rollout
