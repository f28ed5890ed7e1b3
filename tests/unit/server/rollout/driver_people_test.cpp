// Orders of people, and the calendar, as the driver takes them.

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::server {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::Fate;

class PeopleTest : public test::DriverFixture {
protected:
    Result<void> order(Steering steering, const std::string& person, const std::string& ring = "",
                       std::int64_t counter = 1) {
        return driver_->steer(
            {{"yara", counter}, steering, "operator:" + person, person, "because", ring});
    }
    /// Starts release 1, published by carol, with the plan changed so.
    template <class Change>
    void start_with(Change change) {
        NewRelease next = release(1);
        next.publisher = "operator:carol";
        change(next.plan);
        ASSERT_TRUE(driver_->start(next));
    }
    void run(int length) {
        for (int i = 0; i < length; ++i) run_one_second(Fate::kHealthy);
    }
    rollout::Phase phase() const { return rollout().phase(); }
    bool open(const std::string& name) const {
        return std::ranges::any_of(rollout().rings(), [&name](const rollout::RingState& ring) {
            return ring.name == name && ring.open;
        });
    }
};

TEST_F(PeopleTest, ARingOpensWhenEnoughOthersThanThePublisherApproved) {
    enrol(4);
    start_with([](rollout::Plan& plan) { plan.rings[1].approvals = 2; });
    EXPECT_EQ(order(Steering::kApprove, "carol", "early").error(), Errc::kConflict)
        << "she published it";
    ASSERT_TRUE(order(Steering::kApprove, "alice", "early"));
    const std::int64_t log = log_sequence();
    EXPECT_TRUE(order(Steering::kApprove, "alice", "early")) << "she did already";
    EXPECT_EQ(log_sequence(), log);
    run(60);
    EXPECT_FALSE(open("early"));

    restart();
    ASSERT_TRUE(driver_->advance());
    ASSERT_TRUE(order(Steering::kApprove, "bob", "early"));
    EXPECT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);
    EXPECT_EQ(order(Steering::kApprove, "dave", "early").error(), Errc::kConflict)
        << "nobody waits for it";
}

TEST_F(PeopleTest, ThePlanSaysWhoseApprovalCounts) {
    enrol(2);
    start_with([](rollout::Plan& plan) {
        plan.rings[0].approvals = 1;
        plan.rings[0].approvers = {"alice", "carol"};
    });
    EXPECT_EQ(order(Steering::kApprove, "mallory", "canary").error(), Errc::kConflict);
    EXPECT_EQ(order(Steering::kApprove, "carol", "canary").error(), Errc::kConflict)
        << "she published it";
    run(5);
    EXPECT_FALSE(open("canary"));
    ASSERT_TRUE(order(Steering::kApprove, "alice", "canary"));
    EXPECT_TRUE(open("canary"));
}

TEST_F(PeopleTest, AnOverrideTakesTwoPeople) {
    enrol(4);
    start_with([](rollout::Plan& plan) { plan.rings[0].bake_floor = hours{100}; });
    EXPECT_EQ(order(Steering::kGrant, "bob", "canary").error(), Errc::kConflict) << "nobody asked";
    run(60);
    EXPECT_EQ(order(Steering::kOverride, "alice", "early").error(), Errc::kConflict);
    ASSERT_TRUE(order(Steering::kOverride, "alice", "canary"));
    EXPECT_EQ(order(Steering::kOverride, "mallory", "canary").error(), Errc::kConflict)
        << "alice's request stays hers";
    EXPECT_EQ(order(Steering::kGrant, "bob", "early").error(), Errc::kConflict);
    EXPECT_EQ(order(Steering::kGrant, "alice", "canary").error(), Errc::kConflict);
    EXPECT_FALSE(open("early"));
    ASSERT_TRUE(order(Steering::kGrant, "bob", "canary"));
    EXPECT_TRUE(open("early"));
    EXPECT_EQ(order(Steering::kGrant, "bob", "canary").error(), Errc::kConflict)
        << "granted already";
}

TEST_F(PeopleTest, AnOverrideIsOfARollingRolloutWithARingToOpen) {
    enrol(2);
    start_with([](rollout::Plan& plan) { plan.rings[2].bake_floor = hours{100}; });
    ASSERT_TRUE(order(Steering::kHold, "alice"));
    EXPECT_EQ(order(Steering::kOverride, "alice", "canary").error(), Errc::kConflict);
    ASSERT_TRUE(order(Steering::kResume, "alice"));
    run(120);
    ASSERT_TRUE(open("broad"));
    EXPECT_EQ(order(Steering::kOverride, "alice", "broad").error(), Errc::kConflict)
        << "the last ring";
    EXPECT_EQ(order(Steering::kOverride, "alice", "broad", 9).error(), Errc::kNotFound);
}

TEST_F(PeopleTest, NothingIsExposedDuringAFreeze) {
    enrol(4);
    const std::int64_t minute =
        std::chrono::floor<minutes>(clock_.now().time_since_epoch()).count();
    start_with([minute](rollout::Plan& plan) {
        plan.freezes = {{"audit", "UTC", {false, minute - 1}, {false, minute + 10}}};
    });
    run(30);
    EXPECT_FALSE(open("canary"));
    EXPECT_EQ(rollout().freeze()->name, "audit");

    restart();
    run(30);
    EXPECT_FALSE(open("canary"));
    EXPECT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy, 1200), 0);
}

TEST_F(PeopleTest, AFreezeThatComesLaterStopsWhatIsUnderWay) {
    enrol(4);
    const std::int64_t minute =
        std::chrono::floor<minutes>(clock_.now().time_since_epoch()).count();
    start_with([minute](rollout::Plan& plan) {
        plan.rings[0].bake_floor = seconds{60};
        plan.freezes = {{"sale", "UTC", {false, minute + 1}, {false, minute + 60}}};
    });
    run(600);
    EXPECT_TRUE(open("canary"));
    EXPECT_FALSE(open("early"));
    EXPECT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy, 4000), 0);
}

TEST_F(PeopleTest, ACalendarThatCannotBeReadFreezes) {
    enrol(2);
    start_with([](rollout::Plan& plan) {
        plan.freezes = {{"?", "Europe/Atlantis", {true, 0}, {true, 60}}};
    });
    run(200);
    EXPECT_FALSE(open("canary"));
    EXPECT_TRUE(rollout().frozen_until(clock_.now()));
}

TEST_F(PeopleTest, NoReportSlipsThroughBetweenTwoFreezes) {
    enrol(2);
    start_with([](rollout::Plan& plan) {
        plan.freezes = {{"?", "Europe/Atlantis", {true, 0}, {true, 60}}};
    });
    // At the very moment at which it is to be looked at again, and not at a tick.
    clock_.advance(minutes{1});
    ASSERT_TRUE(driver_->decide());
    EXPECT_FALSE(open("canary"));
}

/// Release 1, published by carol, whose first window is full of crashed devices: the controller
/// held it.
class HeldByEvidence : public PeopleTest {
protected:
    void SetUp() override {
        PeopleTest::SetUp();
        enrol(8);
        start_with([](rollout::Plan& plan) { plan.failures_min = 100; });
        ASSERT_GT(run_until(rollout::Phase::kHeld, Fate::kCrashes), 0);
    }
    json::object view() { return driver_->view({"yara", 1}).value(); }
};

TEST_F(HeldByEvidence, GoesOnWhenASecondPersonSaysSoToo) {
    EXPECT_EQ(view().at("held_by"), "controller");
    EXPECT_EQ(view().at("people").at("resume_asked"), nullptr);
    ASSERT_TRUE(order(Steering::kResume, "alice"));

    EXPECT_EQ(phase(), rollout::Phase::kHeld);
    const json::value asked = view().at("people").at("resume_asked");
    EXPECT_EQ(asked.at("person"), "alice");
    EXPECT_EQ(asked.at("reason"), "because");
    EXPECT_EQ(asked.at("at"), json::value(format_utc(std::chrono::floor<seconds>(clock_.now()))));
    EXPECT_EQ(asked.at("until"), json::value(format_utc(std::chrono::floor<seconds>(
                                     clock_.now() + rollout::kOverrideAskedFor))));

    ASSERT_TRUE(order(Steering::kResume, "bob"));
    EXPECT_EQ(phase(), rollout::Phase::kRolling);
    EXPECT_EQ(view().at("held_by"), nullptr);
    EXPECT_EQ(view().at("people").at("resume_asked"), nullptr);
    EXPECT_EQ(rollout().unconfirmed("canary"), 0);
    EXPECT_EQ(order(Steering::kResume, "bob").error(), Errc::kConflict) << "it rolls";
}

TEST_F(HeldByEvidence, OnePersonIsToldToFindAnother) {
    ASSERT_TRUE(order(Steering::kResume, "mallory"));
    const std::int64_t log = log_sequence();
    const Result<void> again = order(Steering::kResume, "mallory");
    EXPECT_EQ(again.error(), Errc::kConflict);
    EXPECT_NE(again.error().context().find("two people"), std::string::npos);
    EXPECT_NE(again.error().context().find("firebreak rollout resume yara/1 --reason"),
              std::string::npos)
        << again.error().context();
    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
}

TEST_F(HeldByEvidence, WhoPublishedItIsOneOfTwoAndNotBoth) {
    ASSERT_TRUE(order(Steering::kResume, "carol"));
    EXPECT_EQ(order(Steering::kResume, "carol").error(), Errc::kConflict);
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
    ASSERT_TRUE(order(Steering::kResume, "dave"));
    EXPECT_EQ(phase(), rollout::Phase::kRolling);
}

TEST_F(HeldByEvidence, WhatWasAskedForSurvivesAKillAndLastsAnHour) {
    ASSERT_TRUE(order(Steering::kResume, "alice"));
    restart();
    ASSERT_TRUE(driver_->advance());
    EXPECT_EQ(view().at("people").at("resume_asked").at("person"), "alice");
    EXPECT_EQ(order(Steering::kResume, "alice").error(), Errc::kConflict);

    clock_.advance(rollout::kOverrideAskedFor + seconds{1});
    EXPECT_EQ(view().at("people").at("resume_asked"), nullptr);
    ASSERT_TRUE(order(Steering::kResume, "bob")) << "asks";
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
    restart();
    ASSERT_TRUE(order(Steering::kResume, "alice"));
    EXPECT_EQ(phase(), rollout::Phase::kRolling);
}

TEST_F(HeldByEvidence, AHoldTakesBackWhatWasAskedFor) {
    ASSERT_TRUE(order(Steering::kResume, "mallory"));
    ASSERT_TRUE(order(Steering::kHold, "bob"));
    EXPECT_EQ(view().at("people").at("resume_asked"), nullptr);
    EXPECT_EQ(view().at("held_by"), "controller");
    const std::int64_t log = log_sequence();
    ASSERT_TRUE(order(Steering::kHold, "bob"));
    EXPECT_EQ(log_sequence(), log) << "nothing left to take back";
    ASSERT_TRUE(order(Steering::kResume, "alice")) << "asks, and grants nothing of mallory's";
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
}

TEST_F(HeldByEvidence, WhatWasAskedForIsOfOneHold) {
    ASSERT_TRUE(order(Steering::kResume, "alice"));
    ASSERT_TRUE(order(Steering::kResume, "bob"));
    ASSERT_GT(run_until(rollout::Phase::kHeld, Fate::kCrashes), 0);
    EXPECT_EQ(view().at("people").at("resume_asked"), nullptr);
    ASSERT_TRUE(order(Steering::kResume, "bob")) << "asks anew";
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
}

TEST_F(HeldByEvidence, WhoWasForgivenAndTriesAgainTakesAPlaceInTheWindow) {
    ASSERT_TRUE(order(Steering::kResume, "alice"));
    ASSERT_TRUE(order(Steering::kResume, "bob"));
    const auto crashed = std::ranges::find_if(fleet_, &test::SimulatedDevice::dead);
    ASSERT_NE(crashed, fleet_.end());

    const auto again = send(*crashed, health::Kind::kActivating, 1);

    ASSERT_TRUE(again);
    EXPECT_TRUE(again->may_activate);
    EXPECT_EQ(rollout().unconfirmed("canary"), 1);
    EXPECT_EQ(rollout().exposures().find(crashed->id)->outcome, rollout::DeviceOutcome::kPending);
}

TEST_F(PeopleTest, WhoHoldsAndResumesAlonePassesOverNothing) {
    enrol(8);
    start_with([](rollout::Plan& plan) { plan.failures_min = 100; });
    for (int second = 0; second < 60 && phase() == rollout::Phase::kRolling; ++second) {
        run_one_second(Fate::kCrashes);
        if (phase() != rollout::Phase::kRolling) break;
        ASSERT_TRUE(order(Steering::kHold, "mallory"));
        ASSERT_TRUE(order(Steering::kResume, "mallory"));
    }
    EXPECT_EQ(phase(), rollout::Phase::kHeld);
    EXPECT_EQ(rollout().held_by(), rollout::HeldBy::kController);
    EXPECT_EQ(rollout().exposures().size(), 3U) << "one window";
}

}  // namespace
}  // namespace firebreak::server
