// Content that makes a device slow, or floods it with alerts: the agent takes itself back from it,
// before it confirms and after.

#include <fstream>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/client/agent_world.hpp"

namespace firebreak::client::test {
namespace {

using health::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kFiles = 50;

/// An agent that watches a folder, and has run content 1 for a while.
class SickContent : public ::testing::Test {
protected:
    SickContent() {
        world_.config.watch = {folder_.path()};
        world_.config.alerts_per_minute_max = 100;
        for (int i = 0; i < kFiles; ++i) {
            const std::filesystem::path file = folder_.path() / std::to_string(i);
            std::ofstream(file) << "text";
            EXPECT_TRUE(world_.store.memory.write(file, bytes_of("text"), FileMode::kPublic));
        }
        world_.sensor.takes_for[1] = milliseconds{45};
        world_.offer(1);
        world_.update();
        live();
    }

    /// Long enough for a scan of everything.
    void live() {
        world_.clock.advance(seconds{3600});
        run(world_.agent->tend(world_.clock.steady() + seconds{70}));
    }

    std::string last_detail() const { return world_.server.reports.back().detail; }

    firebreak::test::TemporaryFolder folder_;
    AgentWorld world_;
};

TEST_F(SickContent, IsNotWhatRanBefore) {
    EXPECT_EQ(world_.running(), 1);
    EXPECT_EQ(world_.server.kinds(1), (std::vector{Kind::kActivating, Kind::kHealthy}));
}

TEST_F(SickContent, IsRolledBackWhenItFloodsBeforeItConfirms) {
    world_.sensor.matches[2] = 50;
    world_.offer(2);

    world_.update();
    run(world_.agent->tend(world_.clock.steady()));

    EXPECT_EQ(world_.running(), 1);
    EXPECT_TRUE(world_.quarantined(2));
    EXPECT_EQ(world_.server.kinds(2), (std::vector{Kind::kActivating, Kind::kRollback}));
    EXPECT_EQ(last_detail(), "alert flood: 150 in a minute, at most 0 with the content before");
}

TEST_F(SickContent, IsRolledBackWhenItIsSlow) {
    world_.sensor.takes_for[2] = milliseconds{450};
    world_.offer(2);

    world_.update();
    run(world_.agent->tend(world_.clock.steady()));

    EXPECT_EQ(world_.running(), 1);
    EXPECT_EQ(world_.server.kinds(2), (std::vector{Kind::kActivating, Kind::kRollback}));
    EXPECT_TRUE(last_detail().starts_with("slow: ")) << last_detail();
}

TEST_F(SickContent, IsRolledBackAfterItConfirmedToo) {
    world_.offer(2);
    world_.update();
    ASSERT_TRUE(world_.cycle().active_confirmed);
    world_.sensor.matches[2] = 50;
    std::ofstream(folder_.path() / "0") << "other text";
    for (int i = 1; i < 5; ++i) std::ofstream(folder_.path() / std::to_string(i)) << "longer text";
    live();

    world_.update();
    run(world_.agent->tend(world_.clock.steady()));

    EXPECT_EQ(world_.running(), 1);
    EXPECT_EQ(world_.known_good(), 1);
    EXPECT_TRUE(world_.quarantined(2));
    EXPECT_EQ(world_.server.reports.back().kind, Kind::kRollback);
    EXPECT_EQ(world_.server.reports.back().to_counter, 1);
    world_.update();
    EXPECT_EQ(world_.running(), 1);
}

TEST_F(SickContent, StaysWhenThereIsNothingToGoBackToAndSaysSoOnce) {
    world_.sensor.takes_for[1] = milliseconds{10'000};
    for (int i = 0; i < kFiles; ++i) std::ofstream(folder_.path() / std::to_string(i)) << "other";
    live();

    world_.update();
    live();
    world_.update();
    live();

    EXPECT_EQ(world_.running(), 1);
    EXPECT_FALSE(world_.quarantined(1));
    const std::vector<Kind> told = world_.server.kinds(1);
    EXPECT_EQ(std::count(told.begin(), told.end(), Kind::kCrash), 1);
}

}  // namespace
}  // namespace firebreak::client::test
