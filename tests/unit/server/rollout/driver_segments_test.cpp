// What devices are, as the driver tells the rollout.

#include <gtest/gtest.h>

#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::server {
namespace {

using std::chrono::seconds;

class SegmentsTest : public test::DriverFixture {
protected:
    /// Three devices of canary, and release 1 whose plan lets in one of each OS at first.
    void start_with_two_systems() {
        for (const char* os : {"Windows 11", "Windows 11", "Linux"}) {
            test::SimulatedDevice device;
            device.id = "canary-" + std::to_string(fleet_.size());
            device.ring = "canary";
            Device row;
            row.id = device.id;
            row.ring = device.ring;
            row.tenant = "acme";
            row.public_key = to_bytes("key of " + device.id);
            row.attributes = {{"os", os}};
            row.enrolled = row.last_seen = clock_.now();
            ASSERT_TRUE(
                store_->transact([&](StoreWriter& writer) { return writer.add_device(row); }));
            fleet_.push_back(std::move(device));
        }
        NewRelease next = release(1);
        next.plan.rings[0].window_start = next.plan.rings[0].window_max = 3;
        next.plan.segments = {.by = {"os", "sensor"}, .window_start = 1};
        ASSERT_TRUE(driver_->start(next));
        clock_.advance(seconds{1});
        ASSERT_TRUE(driver_->advance());
    }
    /// The engine build differs, so that only the OS can be in the way.
    bool is_let_in(std::size_t device) {
        health::Report one = report(fleet_[device], health::Kind::kActivating, 1);
        one.engine_build = sha256(bytes_of("engine " + std::to_string(device)));
        const auto answer = driver_->accept({&one, 1}).front();
        EXPECT_TRUE(answer);
        return answer && answer->may_activate;
    }
};

TEST_F(SegmentsTest, LetsInOneOfAnOsUntilItConfirmsAlsoAfterAKill) {
    start_with_two_systems();
    ASSERT_TRUE(is_let_in(0));

    EXPECT_FALSE(is_let_in(1));
    EXPECT_TRUE(is_let_in(2));
    restart();
    EXPECT_FALSE(is_let_in(1));
    clock_.advance(rollout().plan().confirm_after);
    ASSERT_TRUE(send(fleet_[0], health::Kind::kHealthy, 1));
    EXPECT_TRUE(is_let_in(1));
}

TEST_F(SegmentsTest, SaysWhatADeviceIsAsLastHeard) {
    start_with_two_systems();
    ASSERT_TRUE(is_let_in(0));

    const std::string build = sha256(bytes_of("engine 0")).hex().substr(0, 16);
    EXPECT_NE(rollout().segments().find(0, "Windows 11"), nullptr);
    EXPECT_NE(rollout().segments().find(1, build), nullptr);
}

TEST_F(SegmentsTest, TakesADeviceForWhatItHasBecome) {
    start_with_two_systems();
    ASSERT_TRUE(is_let_in(0));
    health::Report upgraded = report(fleet_[1], health::Kind::kActivating, 1);
    upgraded.attributes = {{"os", "Windows 12"}, {"host", "reception"}};

    EXPECT_TRUE(driver_->accept({&upgraded, 1}).front()->may_activate);
    EXPECT_NE(rollout().segments().find(0, "Windows 12"), nullptr);
    const auto kept = store_->device(fleet_[1].id);
    ASSERT_TRUE(kept && *kept);
    EXPECT_EQ((*kept)->attributes, (json::object{{"os", "Windows 12"}, {"host", "reception"}}));
}

}  // namespace
}  // namespace firebreak::server
