// A log is replayed from its text alone; whoever changed a decision, and mended the chain behind
// it, is found out by the decision.

#include "core/rollout/log_replay.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/unit/core/rollout/simulated_fleet.hpp"
#include "tests/unit/core/rollout/written_log.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

/// The chain made anew after entries were changed, as a forger with the database would.
std::vector<LogEntry> rechained(std::vector<LogEntry> log) {
    std::vector<LogEntry> chained;
    for (LogEntry& entry : log) {
        chained.push_back(follow(chained.empty() ? nullptr : &chained.back(), std::move(entry)));
    }
    return chained;
}

/// Replays the log as another process would read it.
Result<void> replay(LogReplay& replay, const std::vector<LogEntry>& log) {
    for (const LogEntry& entry : log) {
        const auto read = parse_log_entry(parse_json(json::serialize(to_json(entry))).value());
        if (!read) return fail(read.error());
        if (auto added = replay.add(*read); !added) return added;
    }
    return replay.finish();
}

std::string why(const std::vector<LogEntry>& log) {
    LogReplay fresh;
    const Result<void> done = replay(fresh, log);
    return done ? "" : done.error().context();
}

SimulatedFleet a_fleet(std::uint64_t seed, double harm) {
    FleetModel model;
    model.silent = harm;
    SimulatedFleet fleet(model, seed);
    fleet.run();
    return fleet;
}

json::object& event_of(LogEntry& entry) {
    return entry.data.as_object()["event"].as_object();
}

std::vector<LogEntry>::iterator first_of_type(std::vector<LogEntry>& log, std::string_view type) {
    return std::find_if(log.begin(), log.end(), [type](LogEntry& entry) {
        return entry.kind == "rollout.event" && event_of(entry)["type"].as_string() == type;
    });
}

TEST(LogReplay, MakesEveryDecisionAgain) {
    for (const double harm : {0.0, 0.02, 0.5, 1.0}) {
        const SimulatedFleet fleet = a_fleet(3, harm);
        const std::vector<LogEntry> log = log_of(fleet.driver);
        LogReplay fresh;

        ASSERT_TRUE(replay(fresh, log)) << why(log);

        EXPECT_EQ(fresh.entries(), static_cast<std::int64_t>(log.size()));
        EXPECT_EQ(fresh.head(), log.back().hash);
        EXPECT_GT(fresh.decisions(), 1);
        EXPECT_EQ(fresh.events(), static_cast<std::int64_t>(log.size()) - 1);
        EXPECT_EQ(fresh.rollouts().at({"yara", 7}).rollout, fleet.driver.rollout);
    }
}

TEST(LogReplay, FindsAHaltThatTheEvidenceDoesNotCarry) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    LogEntry& opened = *first_of_type(log, "widened");
    event_of(opened) =
        to_json(Event{opened.time, Halted{"3 of 3 devices failed", 9'900'000}}).as_object();

    EXPECT_NE(why(rechained(log)).find("the replay decides"), std::string::npos);
}

TEST(LogReplay, FindsAWindowThatWasWidenedTooFar) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    event_of(*first_of_type(log, "widened"))["window"] = 6;

    const std::string message = why(rechained(log));

    EXPECT_NE(message.find("yara/7"), std::string::npos);
    EXPECT_NE(message.find("the replay decides"), std::string::npos);
}

TEST(LogReplay, FindsTheLastMillionthOfAHaltsEvidence) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 1.0).driver);
    const auto halted = first_of_type(log, "halted");
    ASSERT_NE(halted, log.end());
    json::value& micros = event_of(*halted)["log_e_micros"];
    micros = micros.to_number<std::int64_t>() + 1;

    EXPECT_NE(why(rechained(log)).find("the replay decides"), std::string::npos);
}

TEST(LogReplay, FindsADecisionLeftOut) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    log.erase(first_of_type(log, "widened"));

    EXPECT_NE(why(rechained(log)).find("the replay decides"), std::string::npos);
}

TEST(LogReplay, FindsALogThatEndsInsideADecision) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    log.erase(first_of_type(log, "widened"), log.end());

    EXPECT_NE(why(log).find("the log has its end"), std::string::npos);
}

TEST(LogReplay, FindsABrokenChain) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    event_of(log.back())["type"] = "started";
    EXPECT_FALSE(why(log).empty());
}

TEST(LogReplay, FindsAnEventOfARolloutThatWasNeverPublished) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    log.erase(log.begin());
    EXPECT_NE(why(rechained(log)).find("was never published"), std::string::npos);
}

TEST(LogReplay, FindsARolloutPublishedTwice) {
    std::vector<LogEntry> log = log_of(a_fleet(3, 0.0).driver);
    log.push_back(log.front());
    EXPECT_NE(why(rechained(log)).find("published twice"), std::string::npos);
}

TEST(LogReplay, TakesWhatPeopleDecideAsTheirs) {
    RolloutDriver driver;
    driver.start();
    driver.apply(Held{"a person's reason"});
    std::vector<LogEntry> log = log_of(driver);
    log.back().actor = "operator:alice";
    EXPECT_EQ(why(rechained(log)), "");

    log.back().actor = "controller";
    EXPECT_NE(why(rechained(log)).find("the replay decides nothing"), std::string::npos);
}

/// A rollout whose first ring bob approved, with a freeze and an override.
RolloutDriver with_people() {
    Plan plan = three_rings();
    plan.rings[0].approvals = 1;
    plan.freezes = {{"audit", "UTC", {false, 1'000'000}, {false, 2'000'000}}};
    RolloutDriver driver(plan);
    driver.apply(FreezeSeen{"audit", kStart + hours{500}, kStart + hours{501}});
    driver.start();
    driver.apply(Approved{"bob", "lab", "yes"});
    driver.settle();
    driver.confirm(driver.activate("lab", 5));
    driver.apply(OverrideAsked{"carol", "lab", "a worm is out"});
    driver.apply(OverrideGranted{"bob", "lab", "seen it"});
    driver.now += minutes{10};
    driver.settle();
    return driver;
}

/// The first entry whose event is of `type`.
LogEntry& entry_of(std::vector<LogEntry>& log, std::string_view type) {
    for (LogEntry& entry : log) {
        const json::value* event = entry.data.as_object().if_contains("event");
        if (event != nullptr && event->at("type").as_string() == type) return entry;
    }
    ADD_FAILURE() << "no " << type;
    return log.front();
}

TEST(LogReplay, ReplaysWhatPeopleAndCalendarsSaid) {
    LogReplay replayed;
    const auto done = replay(replayed, log_of(with_people()));
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(replayed.rollouts().begin()->second.rollout, with_people().rollout);
}

TEST(LogReplay, KnowsWhoMaySayWhat) {
    struct Forgery {
        const char* type;
        const char* actor;
    };
    for (const auto& [type, actor] :
         {Forgery{"approved", "operator:mallory"}, Forgery{"override-asked", "operator:bob"},
          Forgery{"override-granted", "operator:carol"}, Forgery{"freeze-seen", "operator:bob"},
          Forgery{"ring-opened", "operator:bob"}, Forgery{"widened", "operator:bob"}}) {
        std::vector<LogEntry> log = log_of(with_people());
        entry_of(log, type).actor = actor;
        LogReplay replayed;
        EXPECT_EQ(replay(replayed, rechained(log)).error(), Errc::kCorrupt) << type;
    }
}

/// A rollout that the controller held, two people went on with, and one of them held and resumed.
RolloutDriver with_holds() {
    Plan plan = three_rings();
    plan.rings[0].confirmed_min = 4;
    RolloutDriver driver(plan);
    driver.start(5);
    const auto devices = driver.activate("lab", 5);
    driver.confirm({devices[0], devices[1], devices[2], devices[3]});
    driver.now += hours{1};
    driver.settle();
    driver.two_go_on("its disk died");
    driver.settle();
    driver.apply(Held{"lunch", HeldBy::kPerson});
    driver.apply(Resumed{"operator:alice", "back"});
    driver.settle();
    return driver;
}

TEST(LogReplay, ReplaysWhoHeldAndWhoWentOn) {
    LogReplay replayed;
    const auto done = replay(replayed, log_of(with_holds()));
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(replayed.rollouts().begin()->second.rollout, with_holds().rollout);
    EXPECT_EQ(replayed.rollouts().begin()->second.rollout.phase(), Phase::kRolling);
}

TEST(LogReplay, KnowsWhoHeldAndWhoWentOn) {
    struct Forgery {
        const char* type;
        const char* actor;
    };
    for (const auto& [type, actor] :
         {Forgery{"held", "operator:mallory"}, Forgery{"resume-asked", "operator:bob"},
          Forgery{"resume-granted", "operator:alice"}, Forgery{"resume-granted", "controller"},
          Forgery{"resumed", "controller"}}) {
        std::vector<LogEntry> log = log_of(with_holds());
        entry_of(log, type).actor = actor;
        EXPECT_NE(why(rechained(log)), "") << type;
    }
    std::vector<LogEntry> log = log_of(with_holds());
    event_of(entry_of(log, "held"))["by"] = "person";
    EXPECT_NE(why(rechained(log)).find("says: by a person"), std::string::npos);
}

TEST(LogReplay, FindsAGrantThatNobodyAskedFor) {
    std::vector<LogEntry> log = log_of(with_holds());
    log.erase(first_of_type(log, "resume-asked"));
    EXPECT_NE(why(rechained(log)).find("the replay decides nothing"), std::string::npos);
}

/// What the server of before would have written: no hold says who made it, and one resumes.
std::vector<LogEntry> log_of_before() {
    Plan plan = three_rings();
    plan.rings[0].confirmed_min = 4;
    RolloutDriver driver(plan);
    driver.start(5);
    const auto devices = driver.activate("lab", 5);
    driver.confirm({devices[0], devices[1], devices[2], devices[3]});
    driver.now += hours{1};
    for (const Event& event : driver.rollout.decide(driver.now)) {
        driver.apply(Held{std::get<Held>(event.body).reason});
    }
    driver.apply(Resumed{"operator:alice", "its disk died"});
    driver.settle();
    EXPECT_TRUE(driver.ring_state("early").open);
    return log_of(driver);
}

TEST(LogReplay, ReplaysALogFromBeforeHoldsSaidWhoMadeThem) {
    const std::vector<LogEntry> log = log_of_before();
    EXPECT_EQ(json::serialize(to_json(log.back())).find("\"by\""), std::string::npos);
    EXPECT_EQ(why(log), "");
}

TEST(LogReplay, DoesNotTakeALogThatForgetsWhoHeld) {
    std::vector<LogEntry> log = log_of(with_holds());
    const std::vector<LogEntry> before = log_of_before();
    // Another rollout in the same log, later, written as if nobody knew yet.
    for (LogEntry entry : before) {
        entry.data.as_object()["counter"] = 8;
        log.push_back(std::move(entry));
    }
    EXPECT_NE(why(rechained(log)).find("does not say by whom"), std::string::npos);
}

TEST(LogReplay, DoesNotTakeThePublishersOwnApproval) {
    std::vector<LogEntry> log = log_of(with_people());
    log.front().actor = "operator:bob";
    LogReplay replayed;
    const auto done = replay(replayed, rechained(log));
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().context().find("who published it"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::rollout
