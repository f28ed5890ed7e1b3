// What goes wrong by nature, and how a rollout of good content gets past it (ADR 0008).

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

class Tolerance : public ::testing::Test {
protected:
    const RingState& lab() const { return driver_.ring_state("lab"); }
    const RingState& early() const { return driver_.ring_state("early"); }

    RolloutDriver driver_;
};

/// A ring of 40 in which one device crashes after it was healthy, with time to weigh that.
class AfterACrash : public Tolerance {
protected:
    void SetUp() override {
        Plan plan = three_rings();
        plan.crash_rate_per_hour = crashes_per_hour_;
        driver_ = RolloutDriver(plan);
        driver_.start(40);
        std::vector<std::string> devices;
        while (lab().activated < 40) {
            devices = driver_.activate("lab", static_cast<int>(driver_.rollout.room("lab")));
            driver_.now += minutes{1};
            driver_.confirm(devices);
            driver_.settle();
        }
        driver_.crash({devices.front()});
        driver_.now += minutes{11};
        ASSERT_GE(driver_.rollout.evidence_of("lab", driver_.now).log_e, 0);
    }
    double crashes_per_hour_ = 0.004;
};

TEST_F(AfterACrash, WaitsAndOpensTheNextRingWhenTimeMadeItUnremarkable) {
    EXPECT_TRUE(driver_.settle().empty());
    EXPECT_FALSE(early().open);
    ASSERT_TRUE(driver_.rollout.next_deadline(driver_.now).has_value());
    driver_.now += minutes{100};
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_TRUE(early().open);
}

class AfterARareCrash : public AfterACrash {
protected:
    AfterARareCrash() { crashes_per_hour_ = 0.0002; }
};

TEST_F(AfterARareCrash, CallsAPersonWhenWaitingDidNotHelp) {
    driver_.settle();
    driver_.now += kDoubtFloors * minutes{10} - minutes{15};
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);
    EXPECT_FALSE(early().open);
    driver_.now += minutes{20};
    driver_.settle();
    EXPECT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_FALSE(early().open);
}

TEST_F(Tolerance, LetsATolerableSilenceLeaveTheWindow) {
    // 5 of 1000 are within the tolerance of 0.005; the sixth fills its place for good.
    Plan plan = three_rings();
    plan.rings[0].window_max = 100;
    driver_ = RolloutDriver(plan);
    driver_.start(3000);
    while (lab().once_confirmed < 1000) {
        driver_.confirm(driver_.activate("lab", static_cast<int>(driver_.rollout.room("lab"))));
        driver_.settle();
        driver_.now += minutes{3};
        driver_.settle();
    }
    const std::int64_t whole = driver_.rollout.room("lab");
    driver_.activate("lab", 7);
    EXPECT_EQ(driver_.rollout.room("lab"), whole - 7);  // Pending: no tolerance yet.
    driver_.now += minutes{4};
    driver_.apply(ControlSeen{});
    const auto expected =
        static_cast<std::int64_t>(0.005 * static_cast<double>(lab().once_confirmed));
    ASSERT_LT(expected, 7);
    EXPECT_EQ(lab().silent, 7);
    EXPECT_EQ(driver_.rollout.unconfirmed("lab"), 7);
    EXPECT_EQ(driver_.rollout.room("lab"), whole - 7 + expected);

    // A crash is never within it.
    const std::int64_t room = driver_.rollout.room("lab");
    driver_.crash(driver_.activate("lab", 1));
    EXPECT_EQ(driver_.rollout.room("lab"), room - 1);
}

TEST_F(Tolerance, WidensToAShareOfALargeRing) {
    Plan plan = three_rings();
    plan.rings[0].window_max_share = 0.01;
    driver_ = RolloutDriver(plan);
    driver_.start(2000);
    for (int i = 0; i < 4; ++i) {
        const auto devices = driver_.activate("lab", static_cast<int>(driver_.rollout.room("lab")));
        driver_.now += minutes{1};
        driver_.confirm(devices);
        driver_.settle();
    }
    EXPECT_EQ(lab().window, 20);
    EXPECT_EQ(driver_.rollout.window_cap(0), 20);
    EXPECT_EQ(driver_.rollout.window_cap(1), 40);  // Its window_max alone.
}

}  // namespace
}  // namespace firebreak::rollout
