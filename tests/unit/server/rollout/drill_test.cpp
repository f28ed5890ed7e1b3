// Fire drills as the driver holds them: real in everything, and apart from all that is real.

#include "server/rollout/drill.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::server {
namespace {

using health::Kind;
using std::chrono::seconds;
using test::Fate;
using test::SimulatedDevice;

class DrillTest : public test::DriverFixture {
protected:
    void SetUp() override {
        drill_ = {.stream = "drill", .tenant = "drill", .ring = "vendor"};
        DriverFixture::SetUp();
    }

    SimulatedDevice device(const std::string& id, const std::string& tenant = "drill",
                           const std::string& ring = "vendor") {
        Device row;
        row.id = id;
        row.ring = ring;
        row.tenant = tenant;
        row.public_key = to_bytes("key of " + id);
        row.enrolled = row.last_seen = clock_.now();
        EXPECT_TRUE(store_->transact([&](StoreWriter& writer) { return writer.add_device(row); }));
        return {.id = id, .ring = ring};
    }

    void start_drill(std::int64_t counter) {
        bundles_.push_back(to_bytes("drill " + std::to_string(counter)));
        trust::ContentTerms terms;
        terms.counter = counter;
        terms.builds = {Sha256{}};
        terms.ceiling = {{"vendor", {}, trust::kPpbAll}};
        vendor_->add_bundle("drill", bundles_.back(), terms);
        NewRelease next;
        next.id = {"drill", counter};
        next.bundle = sha256(bundles_.back());
        next.target = "content/drill/" + std::to_string(counter) + ".fbb";
        next.plan = test::small_plan({"vendor"});
        next.plan.rings[0].vendor_own = true;
        next.content_role = vendor_->signed_content();
        next.content_version = vendor_->content.version;
        next.publisher = "operator:alice";
        ASSERT_TRUE(driver_->start(next));
    }

    bool say(SimulatedDevice& device, Kind kind, std::int64_t counter,
             const std::string& stream = "drill") {
        health::Report one = report(device, kind, counter);
        one.stream = stream;
        const auto answer = driver_->accept({&one, 1}).front();
        EXPECT_TRUE(answer);
        EXPECT_TRUE(driver_->advance());
        return answer && answer->may_activate;
    }

    const rollout::Rollout& of(const std::string& stream) const {
        for (const rollout::Rollout* each : driver_->live()) {
            if (each->id().stream == stream) return *each;
        }
        throw std::logic_error(stream);
    }

    /// As `firebreak drill` does it.
    void report_sick(std::vector<SimulatedDevice> devices, std::int64_t counter) {
        for (SimulatedDevice& each : devices) {
            clock_.advance(seconds{1});
            if (say(each, Kind::kActivating, counter)) say(each, Kind::kCrash, counter);
        }
    }
};

TEST_F(DrillTest, EvidenceHaltsItAndTheResultIsThereAfterARestart) {
    EXPECT_FALSE(driver_->last_drill());
    const std::vector<SimulatedDevice> devices{device("x"), device("y"), device("z")};
    start_drill(1);
    ASSERT_TRUE(driver_->last_drill());
    EXPECT_FALSE(driver_->last_drill()->passed) << "no halt has come yet";

    report_sick(devices, 1);

    const auto result = driver_->last_drill();
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->passed);
    EXPECT_EQ(result->counter, 1);
    ASSERT_TRUE(result->halted_after);
    EXPECT_GT(result->halted_after->count(), 0);
    restart();
    ASSERT_TRUE(driver_->last_drill());
    EXPECT_TRUE(driver_->last_drill()->passed);
    EXPECT_EQ(driver_->last_drill()->halted_after, result->halted_after);
    EXPECT_EQ(driver_->last_drill()->published, result->published);
}

TEST_F(DrillTest, AHaltThatAPersonOrderedIsNoPassAlsoAfterARestart) {
    device("x");
    start_drill(1);
    ASSERT_TRUE(driver_->steer(
        {{"drill", 1}, Steering::kHalt, "operator:bob", "bob", "the evidence crossed it"}));

    ASSERT_EQ(driver_->last_drill()->phase, rollout::Phase::kHalted);
    EXPECT_FALSE(driver_->last_drill()->passed);
    restart();
    EXPECT_FALSE(driver_->last_drill()->passed);
}

TEST_F(DrillTest, ADrillThatDevicesAreWellInDoesNotPass) {
    SimulatedDevice x = device("x");
    start_drill(1);
    ASSERT_TRUE(say(x, Kind::kActivating, 1));
    clock_.advance(seconds{5});
    say(x, Kind::kHealthy, 1);

    EXPECT_FALSE(driver_->last_drill()->passed);
    EXPECT_FALSE(driver_->last_drill()->halted_after);
}

TEST_F(DrillTest, TheNextDrillStartsAnew) {
    const std::vector<SimulatedDevice> devices{device("x"), device("y"), device("z")};
    start_drill(1);
    report_sick(devices, 1);
    ASSERT_TRUE(driver_->last_drill()->passed);

    start_drill(2);

    EXPECT_EQ(driver_->last_drill()->counter, 2);
    EXPECT_FALSE(driver_->last_drill()->passed);
}

TEST_F(DrillTest, NobodyElseIsLetIntoADrillAndWhatTheySayOfItIsNoEvidence) {
    std::vector<SimulatedDevice> strangers;
    for (const char* id : {"a", "b", "c", "d"}) strangers.push_back(device(id, "acme", "vendor"));
    device("x");
    start_drill(1);
    EXPECT_EQ(of("drill").active("vendor"), 1) << "they are not of its ring's size either";

    for (SimulatedDevice& each : strangers) {
        EXPECT_FALSE(say(each, Kind::kActivating, 1));
        say(each, Kind::kCrash, 1);
    }

    EXPECT_EQ(of("drill").phase(), rollout::Phase::kRolling);
    EXPECT_EQ(of("drill").evidence(clock_.now()).failed_devices, 0);
    EXPECT_EQ(driver_->explain("a", "drill").error(), Errc::kNotFound);
    EXPECT_TRUE(driver_->explain("a", std::nullopt)->at("rollouts").as_array().empty());
}

TEST_F(DrillTest, DevicesOfADrillCountForNothingThatIsReal) {
    enrol(2);
    std::vector<SimulatedDevice> devices;
    for (const char* id : {"x", "y", "z"}) devices.push_back(device(id, "drill", "canary"));
    start(1);
    ASSERT_TRUE(driver_->advance());
    const json::object before = *driver_->view({"yara", 1});
    ASSERT_EQ(of("yara").active("canary"), 2);

    clock_.advance(seconds{1});
    for (SimulatedDevice& each : devices) {
        EXPECT_FALSE(say(each, Kind::kActivating, 1, "yara"));
        say(each, Kind::kCrash, 1, "yara");
    }

    EXPECT_EQ(of("yara").active("canary"), 2);
    const rollout::Evidence evidence = of("yara").evidence(clock_.now());
    EXPECT_EQ(evidence.failed_devices, 0);
    EXPECT_EQ(evidence.log_e_control, 0) << "their crashes are none of the control";
    const auto control = store_->control(
        {{"yara", 1}, driver_->real_devices(), Instant{}, clock_.now(), Instant{}, Instant{}});
    ASSERT_TRUE(control);
    EXPECT_EQ(control->seen.devices, 6);
    EXPECT_EQ(control->seen.crashed, 0);
    EXPECT_EQ(store_->census(Instant{}, driver_->real_devices())->size(), 3U);
    EXPECT_EQ(driver_->explain("x", "yara").error(), Errc::kNotFound);
}

TEST_F(DrillTest, WithoutDrillsADeviceOfThatTenantIsLikeAnyOther) {
    drill_.reset();
    restart();
    SimulatedDevice x = device("x", "drill", "canary");
    start(1);
    ASSERT_TRUE(driver_->advance());

    EXPECT_TRUE(say(x, Kind::kActivating, 1, "yara"));
    EXPECT_FALSE(driver_->last_drill());
}

TEST(DrillMetricsTest, SayWhatIsKnown) {
    const std::string never = drill_metrics(std::nullopt);
    EXPECT_NE(never.find("\nfirebreak_drill_last_passed 0\n"), std::string::npos);
    EXPECT_NE(never.find("\nfirebreak_drill_last_timestamp_seconds 0\n"), std::string::npos);
    EXPECT_NE(never.find("\nfirebreak_drill_last_halt_seconds NaN\n"), std::string::npos);

    const std::string passed = drill_metrics(
        DrillResult{.counter = 7,
                    .phase = rollout::Phase::kHalted,
                    .passed = true,
                    .published = Instant{std::chrono::milliseconds{1'800'000'000'999}},
                    .halted_after = std::chrono::milliseconds{2'500}});
    EXPECT_NE(passed.find("\nfirebreak_drill_last_passed 1\n"), std::string::npos);
    EXPECT_NE(passed.find("\nfirebreak_drill_last_timestamp_seconds 1800000000\n"),
              std::string::npos);
    EXPECT_NE(passed.find("\nfirebreak_drill_last_halt_seconds 2.5"), std::string::npos);
    for (const char* name : {"passed", "timestamp_seconds", "halt_seconds"}) {
        const std::string full = std::string("firebreak_drill_last_") + name;
        EXPECT_NE(passed.find("# HELP " + full + " "), std::string::npos);
        EXPECT_NE(passed.find("# TYPE " + full + " gauge\n"), std::string::npos);
    }
}

}  // namespace
}  // namespace firebreak::server
