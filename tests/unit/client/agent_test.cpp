// An agent from offer to report, against a scripted server: what it does when all goes well, and
// what it does with content that the device does not take well.

#include <gtest/gtest.h>

#include "tests/unit/client/agent_world.hpp"

namespace firebreak::client::test {
namespace {

using health::Kind;
using std::chrono::seconds;

TEST(Agent, TakesAnOfferFromRefreshToHealthy) {
    AgentWorld world;
    world.offer(1);

    ASSERT_TRUE(world.update());

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(world.known_good(), 1);
    EXPECT_TRUE(world.cycle().active_confirmed);
    EXPECT_EQ(world.server.kinds(1), (std::vector{Kind::kActivating, Kind::kHealthy}));
    for (const health::Report& report : world.server.reports) {
        EXPECT_EQ(report.attributes.contains("os"), report.kind == Kind::kActivating);
    }
}

TEST(Agent, RunsWithoutContentBeforeAnythingIsPublished) {
    AgentWorld world;

    ASSERT_TRUE(world.update());

    EXPECT_EQ(world.running(), 0);
    EXPECT_EQ(world.agent->status().at("last_error").as_string(), "");
}

TEST(Agent, GoesFromOneBundleToTheNextAndKeepsBothSlots) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);

    world.update();

    EXPECT_EQ(world.running(), 2);
    EXPECT_EQ(world.known_good(), 2);
    EXPECT_EQ(counter_of(world.cycle().previous_good), 1);
}

TEST(Agent, SavesTheAttemptBeforeTheContentLoads) {
    AgentWorld world;
    world.offer(1);
    world.sensor.dies_loading = {1};

    EXPECT_FALSE(world.update());

    const Result<AgentState> state = read_state(world.store, "/state/state.json");
    ASSERT_TRUE(state);
    EXPECT_EQ(state->cycle.starts, 1);
    EXPECT_EQ(counter_of(state->cycle.active), 1);
    EXPECT_FALSE(state->cycle.active_confirmed);
}

TEST(Agent, HealsOfflineWhenContentKillsItAtEveryStart) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.sensor.dies_loading = {2};
    EXPECT_FALSE(world.update());  // The activation.
    world.server.offline = true;
    EXPECT_THROW(world.restart("the sensor died loading"), Killed);  // The second and last.

    world.restart("the sensor died loading");

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(world.known_good(), 1);
    EXPECT_TRUE(world.quarantined(2));
    EXPECT_EQ(world.cycle().healed, 1);
    EXPECT_EQ(world.agent->status().at("healed").as_int64(), 1);
}

TEST(Agent, ReportsTheCrashAndTheRollbackOnceTheNetworkIsBack) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.sensor.dies_loading = {2};
    world.update();
    world.server.offline = true;
    EXPECT_THROW(world.restart("the sensor died loading"), Killed);
    world.restart("the sensor died loading");
    world.update();
    world.server.offline = false;

    world.clock.advance(seconds{3600});
    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.server.kinds(2),
              (std::vector{Kind::kActivating, Kind::kCrash, Kind::kCrash, Kind::kRollback}));
    EXPECT_EQ(world.server.contradictions, 0);
}

TEST(Agent, NeverTriesQuarantinedContentAgain) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.sensor.unwell = {2};
    world.update();
    ASSERT_TRUE(world.quarantined(2));
    world.sensor.loaded.clear();

    for (int i = 0; i < 5; ++i) world.update();
    world.restart();
    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(std::count(world.sensor.loaded.begin(), world.sensor.loaded.end(), 2), 0);
}

TEST(Agent, TakesTheNextCounterAfterAQuarantine) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.sensor.unwell = {2};
    world.update();
    world.offer(3);

    world.update();

    EXPECT_EQ(world.running(), 3);
    EXPECT_EQ(world.known_good(), 3);
}

TEST(Agent, RollsBackWhenTheSensorNoLongerAnswers) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.sensor.unwell = {2};

    world.update();
    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
    EXPECT_EQ(world.server.kinds(2), (std::vector{Kind::kActivating, Kind::kRollback}));
    EXPECT_EQ(world.server.reports.back().to_counter, 1);
}

TEST(Agent, RollsBackWhenTheUpdatePathDoesNotComeBack) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.server.before = [&world](const std::string&) {
        if (world.running() == 2) world.server.offline = true;
    };

    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
}

TEST(Agent, WaitsForAnUpdatePathThatComesBackInTime) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    int refused = 0;
    world.server.before = [&](const std::string&) {
        world.server.offline = world.running() == 2 && ++refused < 6;
    };

    world.update();

    EXPECT_EQ(world.running(), 2);
    EXPECT_TRUE(world.cycle().active_confirmed);
}

TEST(Agent, RefusesWhatFailsItsTrialAndSaysSo) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.trial.verdict = {.outcome = TrialVerdict::Outcome::kFailed, .reason = "SIGSEGV"};

    world.update();
    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
    EXPECT_EQ(world.server.kinds(2), (std::vector{Kind::kRefused}));
}

TEST(Agent, TriesAgainWhenTheTrialCouldNotBeRun) {
    AgentWorld world;
    world.offer(1);
    world.trial.verdict = {.outcome = TrialVerdict::Outcome::kNotRun, .reason = "no memory"};
    world.update();
    EXPECT_EQ(world.running(), 0);
    EXPECT_FALSE(world.quarantined(1));
    world.trial.verdict = {.outcome = TrialVerdict::Outcome::kPassed, .reason = ""};

    world.update();

    EXPECT_EQ(world.running(), 1);
}

TEST(Agent, DoesNotActivateWithoutTheServersYes) {
    AgentWorld world;
    world.offer(1);
    world.server.may_activate = false;

    world.update();

    EXPECT_EQ(world.running(), 0);
    EXPECT_TRUE(world.sensor.loaded.empty());
}

TEST(Agent, ActivatesOnceTheServerSaysYesWithoutAnotherTrial) {
    AgentWorld world;
    world.offer(1);
    world.server.may_activate = false;
    world.update();
    world.server.may_activate = true;

    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(world.trial.runs, 1);
}

TEST(Agent, TakesNoAnswerForANo) {
    AgentWorld world;
    world.offer(1);
    world.server.reports_offline = true;

    world.update();

    EXPECT_EQ(world.running(), 0);
    EXPECT_TRUE(world.sensor.loaded.empty());
}

TEST(Agent, WithdrawsAnAnnouncementThatComesToNothing) {
    AgentWorld world;
    world.offer(1);
    world.server.reports_offline = true;
    world.update();
    world.repoint([](trust::RingPointer& pointer) { pointer.rings["canary"].state = "held"; });
    world.server.reports_offline = false;

    world.update();
    world.clock.advance(seconds{3600});
    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.server.kinds(1), (std::vector{Kind::kActivating, Kind::kRefused}));
    EXPECT_EQ(world.running(), 0);
}

TEST(Agent, DoesNotActivateWhatWasHaltedDuringTheDownload) {
    AgentWorld world;
    world.offer(1);
    world.server.before = [&world](const std::string& target) {
        if (!target.ends_with(".fbb")) return;
        world.repoint(
            [](trust::RingPointer& pointer) { pointer.rings["canary"].state = "halted"; });
    };

    world.update();

    EXPECT_EQ(world.running(), 0);
    EXPECT_TRUE(world.server.kinds(1).empty());
}

TEST(Agent, GoesBackOnARecallWhileStillConfirming) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2, [](trust::RingPointer& pointer) { pointer.confirm_seconds = 600; });
    world.server.before = [&world](const std::string& target) {
        if (world.running() != 2 || !target.ends_with("timestamp.json")) return;
        world.server.before = {};
        world.repoint([](trust::RingPointer& pointer) {
            pointer.rings["canary"].state = "halted";
            pointer.recall = trust::Recall{.counter = 2, .to_counter = 1};
        });
    };

    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
    EXPECT_EQ(world.cycle().healed, 0);
}

TEST(Agent, GoesBackToTheNamedCounterWhenConfirmedContentIsRecalled) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.update();
    ASSERT_EQ(world.known_good(), 2);
    world.repoint([](trust::RingPointer& pointer) {
        pointer.rings["canary"].state = "halted";
        pointer.recall = trust::Recall{.counter = 2, .to_counter = 1};
    });

    world.update();
    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(world.known_good(), 1);
    EXPECT_EQ(world.server.reports.back().kind, Kind::kRollback);
}

TEST(Agent, RunsWithoutContentWhenItsOnlyContentIsRecalled) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.repoint([](trust::RingPointer& pointer) {
        pointer.rings["canary"].state = "halted";
        pointer.recall = trust::Recall{.counter = 1, .to_counter = 0};
    });

    world.update();

    EXPECT_EQ(world.running(), 0);
    EXPECT_EQ(world.known_good(), 0);
}

TEST(Agent, LeavesWhatWasRecalledWhileItSleptThoughItIsNotItsTurnForTheNext) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.update();
    ASSERT_EQ(world.known_good(), 2);
    world.offer(3, [](trust::RingPointer& pointer) {
        pointer.rings["canary"].threshold_ppb = 0;
        pointer.recalled = {2};
    });

    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
}

TEST(Agent, DoesNotGoBackToWhatIsRecalledToo) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2);
    world.update();
    world.repoint([](trust::RingPointer& pointer) {
        pointer.rings["canary"].state = "halted";
        pointer.recall = trust::Recall{.counter = 2, .to_counter = 0};
        pointer.recalled = {1};
    });

    world.update();

    EXPECT_EQ(world.running(), 0);
    EXPECT_TRUE(world.quarantined(1));
    EXPECT_TRUE(world.quarantined(2));
}

TEST(Agent, IgnoresARecallOfWhatItDoesNotRun) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.repoint([](trust::RingPointer& pointer) {
        pointer.rings["canary"].state = "halted";
        pointer.recall = trust::Recall{.counter = 7, .to_counter = 1};
    });

    world.update();

    EXPECT_EQ(world.running(), 1);
}

TEST(Agent, ANewEngineBuildRunsNothingUntilTheContentNamesIt) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.sensor.engine_build = sha256(bytes_of("the next engine build"));
    world.server.offline = true;

    world.restart();
    EXPECT_EQ(world.running(), 0);
    EXPECT_EQ(world.known_good(), 1);
    world.server.offline = false;
    world.update();
    EXPECT_EQ(world.running(), 0);
    world.offer(1);  // The same bytes, with the build among those that they were driven in.

    EXPECT_TRUE(world.settle_on(1));
    EXPECT_EQ(world.trial.runs, 2);
}

TEST(Agent, SendsAHeartbeatWithWhatItRuns) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.clock.advance(seconds{400});

    run(world.agent->tend(world.clock.steady()));

    EXPECT_EQ(world.server.reports.back().kind, Kind::kHeartbeat);
    EXPECT_EQ(world.server.reports.back().counter, 1);
}

TEST(Agent, LeavesTheServerAloneForAsLongAsItAsks) {
    AgentWorld world;
    world.restart();
    world.server.instead =
        net::Response{.status = 503, .headers = {{"Retry-After", "1800"}}, .body = {}};
    run(world.agent->tend(world.clock.steady()));
    const std::size_t asked = world.server.requests.size();
    world.server.instead.reset();

    run(world.agent->tend(world.clock.steady() + seconds{1700}));

    EXPECT_EQ(world.server.requests.size(), asked);
}

TEST(Agent, AnOrderlyStopDoesNotCountAgainstTheContent) {
    AgentWorld world;
    world.offer(1);
    world.update();
    world.offer(2, [](trust::RingPointer& pointer) { pointer.confirm_seconds = 600; });
    for (int i = 0; i < 5; ++i) {
        world.server.before = [&world](const std::string&) {
            if (world.running() == 2) throw Killed{};  // Stopped in the middle of confirming.
        };
        world.restart();
        try {
            run([&]() -> boost::asio::awaitable<void> { co_await world.agent->update(); }());
        } catch (const Killed&) {}
        world.agent->stop();
    }
    world.server.before = {};

    world.restart();

    EXPECT_EQ(world.running(), 2);
    EXPECT_FALSE(world.quarantined(2));
}

}  // namespace
}  // namespace firebreak::client::test
