// The device dies at every point at which its agent touches the world, and its disk fails at every
// write. Promise P3: after the next start it runs content that was confirmed here, or is being
// tried under a count; last-known-good is never lost; and what was quarantined stays so.

#include <gtest/gtest.h>

#include "tests/unit/client/agent_world.hpp"

namespace firebreak::client::test {
namespace {

using health::Kind;
using std::chrono::seconds;

/// How many points an update from bundle 1 to bundle 2 passes when nothing happens.
int points_of_an_update(const std::function<void(AgentWorld&)>& prepare) {
    const auto made = AgentWorld::on_one_offered_two();
    AgentWorld& world = *made;
    prepare(world);
    const int before = world.kill.points;
    world.update();
    return world.kill.points - before;
}

/// What must hold whenever an agent has just started.
void expect_sound_start(const AgentWorld& world) {
    const CycleState& state = world.cycle();
    EXPECT_TRUE(world.known_good() == 1 || world.known_good() == 2);
    EXPECT_TRUE(world.running() == 1 || world.running() == 2);
    const bool being_tried = world.running() == 2 && world.known_good() == 1;
    EXPECT_EQ(state.starts, being_tried ? 2 : 0);
    EXPECT_EQ(state.active_confirmed, !being_tried);
    EXPECT_TRUE(state.quarantined.empty());
}

TEST(AgentKilled, AtEachPointOfAnUpdateStartsSoundAndGetsThere) {
    const int points = points_of_an_update([](AgentWorld&) {});
    ASSERT_GT(points, 30);
    for (int point = 1; point <= points; ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        const auto made = AgentWorld::on_one_offered_two();
        AgentWorld& world = *made;
        world.kill.kill_at = world.kill.points + point;
        EXPECT_FALSE(world.update());
        world.kill.kill_at = 0;

        world.restart();
        expect_sound_start(world);

        EXPECT_TRUE(world.settle_on(2));
        EXPECT_EQ(world.known_good(), 2);
        run(world.agent->tend(world.clock.steady() + seconds{1000}));
        EXPECT_EQ(world.server.contradictions, 0);
        const std::vector<Kind> kinds = world.server.kinds(2);
        EXPECT_EQ(std::count(kinds.begin(), kinds.end(), Kind::kHealthy), 1);
        EXPECT_GE(std::count(kinds.begin(), kinds.end(), Kind::kActivating), 1);
    }
}

TEST(AgentKilled, AtEachPointOfTheFirstInstallGetsThere) {
    AgentWorld smooth;
    smooth.offer(1);
    smooth.restart();
    const int before = smooth.kill.points;
    smooth.update();
    const int points = smooth.kill.points - before;
    for (int point = 1; point <= points; ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        AgentWorld world;
        world.offer(1);
        world.restart();
        world.kill.kill_at = world.kill.points + point;
        EXPECT_FALSE(world.update());
        world.kill.kill_at = 0;

        EXPECT_TRUE(world.settle_on(1));
        EXPECT_EQ(world.server.contradictions, 0);
    }
}

TEST(AgentKilled, AtEachPointOfARollbackEndsOnLastKnownGood) {
    const auto unwell = [](AgentWorld& world) { world.sensor.unwell = {2}; };
    const int points = points_of_an_update(unwell);
    for (int point = 1; point <= points; ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        const auto made = AgentWorld::on_one_offered_two();
        AgentWorld& world = *made;
        unwell(world);
        world.kill.kill_at = world.kill.points + point;
        EXPECT_FALSE(world.update());
        world.kill.kill_at = 0;

        for (int i = 0; i < 6; ++i) world.update();

        EXPECT_EQ(world.running(), 1);
        EXPECT_EQ(world.known_good(), 1);
        EXPECT_TRUE(world.quarantined(2));
        EXPECT_EQ(world.server.contradictions, 0);
    }
}

TEST(AgentKilled, TwiceInARowWhileUnconfirmedGivesTheContentUp) {
    const auto made = AgentWorld::on_one_offered_two();
    AgentWorld& world = *made;
    for (int i = 0; i < 2; ++i) {
        world.server.before = [&world](const std::string&) {
            if (world.running() == 2) throw Killed{};
        };
        EXPECT_FALSE(world.update());
    }

    world.restart();

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
    EXPECT_EQ(world.cycle().healed, 1);
}

TEST(AgentKilled, AtEachPointOfTheHealingStartStillHeals) {
    for (int point = 1; point <= 12; ++point) {
        SCOPED_TRACE("killed at point " + std::to_string(point));
        const auto made = AgentWorld::on_one_offered_two();
        AgentWorld& world = *made;
        world.sensor.dies_loading = {2};
        world.update();
        EXPECT_THROW(world.restart(), Killed);
        world.server.offline = true;
        world.kill.kill_at = world.kill.points + point;
        try {
            world.restart();
        } catch (const Killed&) {}
        world.kill.kill_at = 0;

        world.restart();

        EXPECT_EQ(world.running(), 1);
        EXPECT_EQ(world.known_good(), 1);
        EXPECT_TRUE(world.quarantined(2));
    }
}

TEST(AgentFullDisk, AtEachWriteKeepsWhatItHasAndRecovers) {
    const auto smooth_made = AgentWorld::on_one_offered_two();
    AgentWorld& smooth = *smooth_made;
    const int before = smooth.store.memory.changes;
    smooth.update();
    const int changes = smooth.store.memory.changes - before;
    for (const bool for_good : {false, true}) {
        for (int change = 1; change <= changes; ++change) {
            SCOPED_TRACE("full at change " + std::to_string(change) +
                         (for_good ? " and after" : " only"));
            const auto made = AgentWorld::on_one_offered_two();
            AgentWorld& world = *made;
            world.store.memory.fail_change(change, for_good);
            const Instant freed = world.clock.now() + std::chrono::minutes{5};
            world.server.before = [&world, freed](const std::string&) {
                if (world.clock.now() > freed) world.store.memory.heal();
            };
            world.update();
            EXPECT_TRUE(world.running() == 1 || world.running() == 2);
            EXPECT_TRUE(world.known_good() == 1 || world.known_good() == 2);

            world.restart();
            EXPECT_TRUE(world.running() == 1 || world.running() == 2);
            world.store.memory.heal();

            EXPECT_TRUE(world.settle_on(2));
            EXPECT_EQ(world.known_good(), 2);
            EXPECT_EQ(world.server.contradictions, 0);
        }
    }
}

TEST(AgentFullDisk, NeverActivatesWhatItCannotCount) {
    const auto made = AgentWorld::on_one_offered_two();
    AgentWorld& world = *made;
    world.server.before = [&world](const std::string& target) {
        // The next write is that of the attempt counter.
        if (target == "/v1/reports") world.store.memory.fail_change(1, true);
    };

    world.update();

    EXPECT_FALSE(world.server.kinds(2).empty());
    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(std::count(world.sensor.loaded.begin(), world.sensor.loaded.end(), 2), 0);
}

TEST(AgentFullDisk, HealsAllTheSame) {
    const auto made = AgentWorld::on_one_offered_two();
    AgentWorld& world = *made;
    world.sensor.dies_loading = {2};
    world.update();
    world.store.memory.fail_change(1, true);

    world.restart();  // One start is left to it, which cannot be counted.

    EXPECT_EQ(world.running(), 1);
    EXPECT_EQ(world.known_good(), 1);
}

/// A device that has confirmed 1 and 2, with 2 in force.
void confirm_two(AgentWorld& world) {
    world.offer(1);
    world.update();
    world.offer(2);
    world.update();
    world.agent.reset();
}

TEST(AgentState, CutShortAtEachByteIsRebuiltFromTheSlots) {
    AgentWorld world;
    confirm_two(world);
    const std::string path = "/state/state.json";
    const auto files = world.store.memory.files;
    const Bytes whole = files.at(path);
    for (std::size_t length = 0; length < whole.size(); length += 7) {
        SCOPED_TRACE("cut to " + std::to_string(length) + " bytes");
        world.store.memory.files = files;
        world.store.memory.files[path].resize(length);

        world.restart();

        EXPECT_EQ(world.running(), 2);
        EXPECT_EQ(world.known_good(), 2);
        EXPECT_TRUE(world.store.memory.files.contains(path + ".corrupt"));
    }
}

TEST(AgentState, WithAnyByteChangedIsRebuiltFromTheSlots) {
    AgentWorld world;
    confirm_two(world);
    const std::string path = "/state/state.json";
    const auto files = world.store.memory.files;
    const std::size_t length = files.at(path).size();
    for (std::size_t at = 0; at < length; at += 3) {
        SCOPED_TRACE("byte " + std::to_string(at));
        world.store.memory.files = files;
        world.store.memory.files[path][at] ^= 1U;

        world.restart();

        EXPECT_EQ(world.running(), 2);
        EXPECT_EQ(world.known_good(), 2);
    }
}

TEST(AgentState, LostWhileUnconfirmedQuarantinesWhatMayHaveBeenTheCause) {
    const auto made = AgentWorld::on_one_offered_two();
    AgentWorld& world = *made;
    world.sensor.dies_loading = {2};
    world.update();
    world.store.memory.files["/state/state.json"] = to_bytes("{");

    world.restart();
    world.update();

    EXPECT_EQ(world.running(), 1);
    EXPECT_TRUE(world.quarantined(2));
}

TEST(AgentState, LostDoesNotReuseSequenceNumbers) {
    AgentWorld world;
    confirm_two(world);
    world.store.memory.files.erase("/state/state.json");
    world.restart();
    const std::size_t heard = world.server.reports.size();

    run(world.agent->tend(world.clock.steady() + seconds{600}));

    EXPECT_GT(world.server.reports.size(), heard);
    EXPECT_EQ(world.server.contradictions, 0);
    EXPECT_EQ(world.server.duplicates, 0);
}

TEST(AgentState, ADamagedSlotFallsBackToTheOtherConfirmedBundle) {
    AgentWorld world;
    confirm_two(world);
    for (const char* const slot : {"/state/slots/a/bundle.fbb", "/state/slots/b/bundle.fbb"}) {
        SCOPED_TRACE(slot);
        const auto files = world.store.memory.files;
        world.store.memory.files[slot][100] ^= 0x80U;

        world.restart();

        EXPECT_TRUE(world.running() == 1 || world.running() == 2);
        world.store.memory.files = files;
    }
}

TEST(AgentState, WithBothSlotsDamagedRunsWithoutContentAndFetchesAgain) {
    AgentWorld world;
    confirm_two(world);
    for (const char* const slot : {"/state/slots/a/bundle.fbb", "/state/slots/b/bundle.fbb"}) {
        world.store.memory.files[slot].clear();
    }
    world.restart();
    EXPECT_EQ(world.running(), 0);

    EXPECT_TRUE(world.settle_on(2));

    EXPECT_EQ(world.running(), 2);
}

}  // namespace
}  // namespace firebreak::client::test
