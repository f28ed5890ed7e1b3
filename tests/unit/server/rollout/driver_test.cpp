#include "server/rollout/driver.hpp"

#include <algorithm>

#include "core/base/errc.hpp"
#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Fate;
using test::SimulatedDevice;

using DriverTest = test::DriverFixture;

TEST_F(DriverTest, TakesGoodContentThroughThreeRings) {
    enrol(8);
    start(1);

    EXPECT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);

    EXPECT_LE(unconfirmed_max_, 4) << "the window's cap in small_plan";
    for (const rollout::RingState& ring : rollout().rings()) EXPECT_EQ(ring.confirmed, 8);
    const trust::RingPointer pointer = published_pointer();
    EXPECT_EQ(pointer.rings.at("broad").state, "complete");
    EXPECT_EQ(pointer.rings.at("broad").threshold_ppb, trust::kPpbAll);
    EXPECT_FALSE(pointer.recall);
}

TEST_F(DriverTest, HaltsOnSilenceBeforeTheNextRingAndRecallsToTheLastGood) {
    enrol(8);
    start(1);
    ASSERT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);
    start(2);
    unconfirmed_max_ = 0;
    const std::int64_t bound = rollout().harm_bound("canary");

    ASSERT_GT(run_until(rollout::Phase::kHalted, Fate::kSilent), 0);

    EXPECT_LE(std::ranges::count_if(fleet_, &SimulatedDevice::dead), bound);
    EXPECT_LE(unconfirmed_max_, 4);
    for (const SimulatedDevice& device : fleet_) {
        EXPECT_TRUE(device.ring == "canary" || device.running == 1) << device.id;
        EXPECT_FALSE(device.ring != "canary" && device.dead) << device.id;
    }
    const trust::RingPointer pointer = published_pointer();
    ASSERT_TRUE(pointer.recall);
    EXPECT_EQ(pointer.recall->counter, 2);
    EXPECT_EQ(pointer.recall->to_counter, 1);
    for (const auto& [name, ring] : pointer.rings) EXPECT_EQ(ring.state, "halted") << name;
}

TEST_F(DriverTest, GoesOnRecallingWhatWasHaltedUnderNewerCounters) {
    enrol(4);
    start(1);
    ASSERT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);
    start(2);
    ASSERT_TRUE(steer(server::Steering::kHalt, "smoke", 2));
    EXPECT_TRUE(published_pointer().recalled.empty());
    start(3);
    ASSERT_TRUE(steer(server::Steering::kHalt, "more smoke", 3));

    start(4);

    EXPECT_FALSE(published_pointer().recall);
    EXPECT_EQ(published_pointer().recalled, (std::vector<std::int64_t>{3, 2}));
    restart();
    ASSERT_TRUE(driver_->advance());
    EXPECT_EQ(published_pointer().recalled, (std::vector<std::int64_t>{3, 2}));
}

TEST_F(DriverTest, HaltsOnCrashes) {
    enrol(8);
    start(1);

    EXPECT_GT(run_until(rollout::Phase::kHalted, Fate::kCrashes), 0);

    EXPECT_EQ(published_pointer().recall->to_counter, 0) << "there is no last good one";
}

TEST_F(DriverTest, StopsWhatKillsDevicesAfterTheyConfirmed) {
    enrol(8);
    NewRelease deadly = release(1);
    deadly.plan.heartbeat_every = seconds{1};
    ASSERT_TRUE(driver_->start(deadly));

    for (int second = 0; second < 60 && rollout().phase() == rollout::Phase::kRolling; ++second) {
        run_one_second(Fate::kSilentLater);
    }

    EXPECT_NE(rollout().phase(), rollout::Phase::kRolling);
    EXPECT_NE(rollout().reason().find("fell silent after they confirmed"), std::string::npos)
        << rollout().reason();
    for (const SimulatedDevice& device : fleet_) {
        EXPECT_FALSE(device.ring != "canary" && device.dead) << device.id;
    }
}

TEST_F(DriverTest, ItsOwnDowntimeLosesNobody) {
    enrol(8);
    NewRelease good = release(1);
    good.plan.heartbeat_every = seconds{1};
    ASSERT_TRUE(driver_->start(good));
    for (int second = 0; second < 10; ++second) run_one_second(Fate::kHealthy);
    ASSERT_GT(rollout().rings().front().confirmed, 0);
    clock_.advance(seconds{60});
    restart();
    // Nobody was heard for a minute; they have as long to be as they may be silent.
    for (int second = 0; second < 2; ++second) {
        clock_.advance(seconds{1});
        ASSERT_TRUE(driver_->advance());
        EXPECT_EQ(rollout().rings().front().lost, 0) << "second " << second;
    }

    ASSERT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);

    EXPECT_EQ(rollout().evidence(clock_.now()).log_e_losses, 0);
}

TEST_F(DriverTest, IsTheSameAfterAKillAtAnySecond) {
    enrol(4);
    start(1);
    for (int second = 0; second < 60; ++second) {
        run_one_second(Fate::kHealthy);
        const rollout::Rollout before = rollout();

        restart();

        ASSERT_EQ(rollout(), before) << "second " << second;
        ASSERT_EQ(rollout().decide(clock_.now()), before.decide(clock_.now()));
    }
    EXPECT_GT(rollout().rings().front().confirmed, 0);
}

TEST_F(DriverTest, PublishesAfterAKillBetweenCommitAndPublish) {
    enrol(4);
    start(1);
    files_.fail_change(1, true);
    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));
    EXPECT_TRUE(driver_->health().repository);
    files_.heal();
    ASSERT_NE(published_pointer().rings.at("canary").state, "halted");

    restart();
    ASSERT_TRUE(driver_->advance());

    EXPECT_EQ(published_pointer().rings.at("canary").state, "halted");
}

TEST_F(DriverTest, PublishesAtTheNextTickWhenTheDiskWasFull) {
    enrol(4);
    start(1);
    files_.fail_change(1);
    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));
    EXPECT_NE(published_pointer().rings.at("canary").state, "halted");

    clock_.advance(seconds{1});
    ASSERT_TRUE(driver_->advance());

    EXPECT_EQ(published_pointer().rings.at("canary").state, "halted");
    EXPECT_FALSE(driver_->health().repository);
}

TEST_F(DriverTest, TriesLessAndLessOftenOnADiskThatStaysFullAndAtOnceWhenThereIsNews) {
    enrol(4);
    start(1);
    files_.fail_change(1, true);
    ASSERT_TRUE(steer(Steering::kHold, "look"));
    for (int second = 0; second < 60; ++second) {
        clock_.advance(seconds{1});
        static_cast<void>(driver_->advance());
    }
    const int changes = files_.changes;
    clock_.advance(seconds{1});
    static_cast<void>(driver_->advance());
    EXPECT_EQ(files_.changes, changes) << "in its pause";
    files_.heal();

    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));

    EXPECT_EQ(published_pointer().rings.at("canary").state, "halted");
}

TEST_F(DriverTest, NeverLetsMoreIntoTheWindowThanItHolds) {
    enrol(8);
    start(1);
    // Everybody at once, in one batch, as after an outage.
    std::vector<health::Report> rush;
    for (SimulatedDevice& device : fleet_) {
        rush.push_back(report(device, health::Kind::kActivating, 1));
    }

    const auto answers = driver_->accept(rush);

    const auto admitted = std::ranges::count_if(
        answers, [](const auto& answer) { return answer && answer->may_activate; });
    EXPECT_GT(admitted, 0);
    EXPECT_LE(admitted, rollout().rings().front().window);
    EXPECT_EQ(admitted, rollout().unconfirmed("canary"));
}

TEST_F(DriverTest, ANewerCounterTakesOver) {
    enrol(2);
    start(1);
    start(2);

    EXPECT_EQ(rollout().id().counter, 2);
    EXPECT_EQ(published_pointer().counter, 2);
    const auto views = driver_->views(10);
    ASSERT_TRUE(views);
    ASSERT_EQ(views->size(), 2U);
    EXPECT_EQ(views->at(0).at("counter").as_int64(), 2);
    EXPECT_EQ(views->at(1).at("phase").as_string(), "retired");
    EXPECT_EQ(steer(Steering::kHalt, "late", 1).error(), Errc::kConflict);
}

TEST_F(DriverTest, PublishesACounterOnce) {
    start(2);
    const std::int64_t log = log_sequence();
    const auto files = files_.files;

    EXPECT_EQ(driver_->start(release(2)).error(), Errc::kConflict);
    EXPECT_EQ(driver_->start(release(1)).error(), Errc::kConflict);

    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(files_.files, files);
}

TEST_F(DriverTest, AReleaseThatCannotBeCommittedIsNotThere) {
    start(1);
    store_->full = true;

    EXPECT_FALSE(driver_->start(release(2)));

    store_->full = false;
    ASSERT_TRUE(driver_->advance());
    EXPECT_EQ(rollout().id().counter, 1);
    EXPECT_NE(rollout().phase(), rollout::Phase::kRetired);
    EXPECT_EQ(driver_->views(10)->size(), 1U);
}

TEST_F(DriverTest, HaltIsIdempotentAndFinal) {
    start(1);
    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));
    const std::int64_t log = log_sequence();

    EXPECT_TRUE(steer(Steering::kHalt, "again"));
    EXPECT_EQ(steer(Steering::kResume, "no").error(), Errc::kConflict);
    EXPECT_EQ(steer(Steering::kHold, "no").error(), Errc::kConflict);

    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(rollout().reason(), "smoke");
}

TEST_F(DriverTest, HoldsAndResumes) {
    enrol(2);
    start(1);

    ASSERT_TRUE(steer(Steering::kHold, "look"));
    EXPECT_EQ(published_pointer().rings.at("canary").state, "held");
    EXPECT_TRUE(steer(Steering::kHold, "look again")) << "held already";
    ASSERT_TRUE(steer(Steering::kResume, "fine"));

    EXPECT_EQ(published_pointer().rings.at("canary").state, "rolling");
    EXPECT_EQ(steer(Steering::kResume, "fine").error(), Errc::kConflict);
}

TEST_F(DriverTest, HaltsWhatIsComplete) {
    enrol(2);
    start(1);
    ASSERT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);

    ASSERT_TRUE(steer(Steering::kHalt, "late news"));

    EXPECT_EQ(published_pointer().rings.at("canary").state, "halted");
    EXPECT_EQ(*store_->last_completed("yara", 2), 0) << "no longer a last-known-good";
}

TEST_F(DriverTest, AnUnknownRolloutIsNotFound) {
    EXPECT_EQ(steer(Steering::kHalt, "x", 9).error(), Errc::kNotFound);
    EXPECT_EQ(driver_->view({"yara", 9}).error(), Errc::kNotFound);
}

TEST_F(DriverTest, ItsOwnDowntimeIsNotTheDevicesSilence) {
    enrol(8);
    start(1);
    run_one_second(Fate::kHealthy);
    ASSERT_GT(rollout().unconfirmed("canary"), 0);
    clock_.advance(seconds{120});  // Down, with devices in flight.

    restart();
    ASSERT_TRUE(driver_->advance());

    EXPECT_EQ(rollout().phase(), rollout::Phase::kRolling);
    EXPECT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);
}

TEST_F(DriverTest, RefusesALogWhoseEventsDoNotReadBack) {
    start(1);
    ASSERT_TRUE(store_->transact([&](StoreWriter& writer) -> Result<void> {
        const auto entry = writer.append({"rollout.event", "mallory",
                                          json::object{{"event", {{"type", "completed"}}}},
                                          clock_.now(), rollout::RolloutId{"yara", 1}});
        if (!entry) return fail(entry.error());
        return {};
    }));

    const Result<Driver> driver =
        Driver::open({*store_, *repository_, {}, clock_, *log_}, seconds{3'600});

    ASSERT_FALSE(driver);
    EXPECT_EQ(driver.error(), Errc::kCorrupt);
}

TEST_F(DriverTest, KeepsTheTimestampFreshWhenNothingHappens) {
    const auto expires = repository_->timestamp_expires();
    clock_.advance(seconds{1'800});

    ASSERT_TRUE(driver_->advance());

    EXPECT_GT(repository_->timestamp_expires(), expires);
}

TEST_F(DriverTest, WritesNothingWhenNothingHappens) {
    enrol(2);
    start(1);
    ASSERT_GT(run_until(rollout::Phase::kComplete, Fate::kHealthy), 0);
    const std::int64_t log = log_sequence();
    const int changes = files_.changes;
    for (int second = 0; second < 10; ++second) {
        clock_.advance(seconds{1});
        ASSERT_TRUE(driver_->advance());
    }

    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(files_.changes, changes);
}

/// A device of canary that the server lets in.
class AdmissionTest : public DriverTest {
protected:
    void SetUp() override {
        DriverTest::SetUp();
        enrol(8);
        start(1);
        for (SimulatedDevice& device : fleet_) {
            asked_ = report(device, health::Kind::kActivating, 1);
            const auto answer = accept(asked_);
            ASSERT_TRUE(answer);
            if (!answer->may_activate) continue;
            device_ = &device;
            return;
        }
        FAIL() << "nobody was let in";
    }

    Result<ReportAnswer> accept(const health::Report& report) {
        return driver_->accept({&report, 1}).front();
    }
    rollout::DeviceOutcome outcome() const {
        return rollout().exposures().find(device_->id)->outcome;
    }

    SimulatedDevice* device_ = nullptr;
    health::Report asked_;
};

TEST_F(AdmissionTest, ARepeatedReportGetsTheSameAnswerAndChangesNothing) {
    const rollout::Rollout before = rollout();
    const std::int64_t log = log_sequence();

    const auto again = accept(asked_);

    ASSERT_TRUE(again);
    EXPECT_EQ(*again, (ReportAnswer{.duplicate = true, .may_activate = true}));
    EXPECT_EQ(rollout(), before);
    EXPECT_EQ(log_sequence(), log);
}

TEST_F(AdmissionTest, AskingAgainUnderANewNumberTakesNoSecondPlace) {
    const std::int64_t unconfirmed = rollout().unconfirmed("canary");

    const auto again = send(*device_, health::Kind::kActivating, 1);

    ASSERT_TRUE(again);
    EXPECT_TRUE(again->may_activate);
    EXPECT_EQ(rollout().unconfirmed("canary"), unconfirmed);
}

TEST_F(AdmissionTest, ARepeatLetsNobodyInWhoWasRefusedBefore) {
    const health::Report refused = report(fleet_.back(), health::Kind::kActivating, 1);
    ASSERT_FALSE(accept(refused)->may_activate) << "the broad ring is closed";

    EXPECT_EQ(*accept(refused), (ReportAnswer{.duplicate = true, .may_activate = false}));
}

TEST_F(AdmissionTest, HealthyIsNotBelievedBeforeTheConfirmTime) {
    clock_.advance(rollout().plan().confirm_after - milliseconds{1});

    ASSERT_TRUE(send(*device_, health::Kind::kHealthy, 1));

    EXPECT_EQ(outcome(), rollout::DeviceOutcome::kPending);
}

TEST_F(AdmissionTest, HealthyIsBelievedFromTheConfirmTimeOn) {
    clock_.advance(rollout().plan().confirm_after);

    ASSERT_TRUE(send(*device_, health::Kind::kHealthy, 1));

    EXPECT_EQ(outcome(), rollout::DeviceOutcome::kConfirmed);
}

TEST_F(AdmissionTest, HealthyAboutAnotherCounterConfirmsNothing) {
    clock_.advance(rollout().plan().confirm_after);

    ASSERT_TRUE(send(*device_, health::Kind::kHealthy, 7));

    EXPECT_EQ(outcome(), rollout::DeviceOutcome::kPending);
}

TEST_F(AdmissionTest, HealthyOfADeviceThatWasNeverLetInConfirmsNothing) {
    clock_.advance(rollout().plan().confirm_after);

    ASSERT_TRUE(send(fleet_.back(), health::Kind::kHealthy, 1));

    EXPECT_FALSE(rollout().exposures().contains(fleet_.back().id));
}

TEST_F(AdmissionTest, CrashRollbackAndRefusalAreOneFailure) {
    for (const auto kind :
         {health::Kind::kCrash, health::Kind::kRollback, health::Kind::kRefused}) {
        const auto answer = send(*device_, kind, 1);
        ASSERT_TRUE(answer);
        EXPECT_FALSE(answer->may_activate);
    }

    EXPECT_EQ(outcome(), rollout::DeviceOutcome::kFailed);
    EXPECT_EQ(rollout().rings().front().failed, 1);
}

TEST_F(AdmissionTest, NobodyIsLetInOnceHeldOrHalted) {
    ASSERT_TRUE(steer(Steering::kHold, "look"));
    EXPECT_FALSE(send(*device_, health::Kind::kActivating, 1)->may_activate);
    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));
    EXPECT_FALSE(send(*device_, health::Kind::kActivating, 1)->may_activate);
    EXPECT_FALSE(accept(asked_)->may_activate) << "nor by repeating itself";
}

TEST_F(AdmissionTest, AFullDiskAcknowledgesNothingAndChangesNothing) {
    const auto exposures = rollout().exposures();
    store_->full = true;
    const health::Report crash = report(*device_, health::Kind::kCrash, 1);

    const auto refused = accept(crash);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::make_error_code(std::errc::no_space_on_device));
    EXPECT_TRUE(driver_->health().store);
    store_->full = false;
    ASSERT_TRUE(driver_->advance());
    EXPECT_EQ(rollout().exposures(), exposures);
    EXPECT_FALSE(driver_->health().store) << "a tick finds out that there is space again";

    const auto taken = accept(crash);
    ASSERT_TRUE(taken);
    EXPECT_FALSE(taken->duplicate);
    EXPECT_EQ(rollout().rings().front().failed, 1);
}

TEST_F(AdmissionTest, RefusesStrangersAndRevokedDevicesAndTakesTheRestOfTheBatch) {
    ASSERT_TRUE(store_->transact(
        [&](StoreWriter& writer) { return writer.revoke_device(fleet_.back().id); }));
    SimulatedDevice stranger;
    stranger.id = "stranger";
    const std::vector<health::Report> batch{report(stranger, health::Kind::kHeartbeat, 0),
                                            report(fleet_.back(), health::Kind::kHeartbeat, 0),
                                            report(*device_, health::Kind::kHeartbeat, 0)};

    const auto answers = driver_->accept(batch);

    EXPECT_EQ(answers.at(0).error(), Errc::kNotFound);
    EXPECT_EQ(answers.at(1).error(), Errc::kDenied);
    EXPECT_TRUE(answers.at(2));
}

}  // namespace
}  // namespace firebreak::server
