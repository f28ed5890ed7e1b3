// What befalls devices that are alike: seen against their own kind, few of which are let in first.

#include "core/rollout/segments.hpp"

#include <gtest/gtest.h>
#include <random>

#include "core/rollout/portable_math.hpp"
#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;
using Values = std::vector<std::string>;

TEST(Segments, GiveDevicesThatAreAlikeOneGroup) {
    Segments segments(2);

    const auto group = segments.group_of("acme", Values{"linux", "seven"});

    EXPECT_EQ(segments.group_of("acme", Values{"linux", "seven"}), group);
    EXPECT_NE(segments.group_of("other", Values{"linux", "seven"}), group);
    EXPECT_NE(segments.group_of("acme", Values{"linuxs", "even"}), group);
    EXPECT_EQ(segments.tenants(), (Values{"acme", "other"}));
    EXPECT_EQ(segments.tenants()[segments.tenant_of(group)], "acme");
    ASSERT_EQ(segments.segments_of(group).size(), 2U);
    EXPECT_EQ(segments.at(segments.segments_of(group)[1]).value, "seven");
}

TEST(Segments, TellTheSameValueOfTwoAxesApartAndRankEachAxisByItself) {
    Segments segments(2);
    segments.group_of("acme", Values{"x", "y"});
    segments.group_of("acme", Values{"y", "y"});

    ASSERT_EQ(segments.all().size(), 3U);
    EXPECT_EQ(segments.find(0, "y")->rank, 2);
    EXPECT_EQ(segments.find(1, "y")->rank, 1);
    EXPECT_EQ(segments.find(1, "x"), nullptr);
    EXPECT_EQ(segments.find(2, "x"), nullptr);
}

TEST(Segments, IgnoreWhatNoAxisAsksForAndDoWithoutWhatIsMissing) {
    Segments segments(1);

    EXPECT_EQ(segments.segments_of(segments.group_of("acme", Values{"x", "y"})).size(), 1U);
    EXPECT_TRUE(segments.segments_of(segments.group_of("acme", {})).empty());
}

TEST(Segments, AreOfEachAxisSoManyAtMost) {
    Segments segments(2);
    for (std::size_t i = 0; i <= kSegmentsMax; ++i) {
        segments.group_of("acme", Values{std::to_string(i), "same"});
    }

    EXPECT_EQ(segments.all().size(), kSegmentsMax + 1);
    const auto last = segments.group_of("acme", Values{std::to_string(kSegmentsMax), "same"});
    ASSERT_EQ(segments.segments_of(last).size(), 1U);
    EXPECT_EQ(segments.at(segments.segments_of(last)[0]).value, "same");
}

TEST(Segments, OfTooManyTenantsKeepTheDevicesApartByTheRest) {
    Segments segments(1);
    for (std::size_t i = 0; i < kGroupsMax; ++i) segments.group_of(std::to_string(i), {});

    const auto one = segments.group_of("one more", Values{"linux"});
    const auto other = segments.group_of("and another", Values{"linux"});

    EXPECT_EQ(one, other);
    EXPECT_EQ(segments.tenants()[segments.tenant_of(one)], "");
    EXPECT_EQ(segments.segments_of(one).size(), 1U);
    for (std::size_t i = 0; i < kGroupsMax / 4; ++i) {
        segments.group_of("x", Values{std::to_string(i)});
    }
    EXPECT_TRUE(segments.segments_of(segments.group_of("x", Values{"yet another"})).empty());
}

Plan by_system(std::int64_t window_start = 20) {
    Plan plan = three_rings();
    plan.rings[0].window_max = 40;
    plan.segments = {.by = {"os"}, .window_start = window_start};
    return plan;
}

class SegmentedRollout : public ::testing::Test {
protected:
    /// Activates up to `count` devices of `os`, as many as are let in. @returns their ids.
    std::vector<std::string> activate(const std::string& os, int count) {
        std::vector<std::string> let_in;
        const Values segments{os};
        for (int tries = 0; tries < 1000 && std::ssize(let_in) < count; ++tries) {
            const std::string device = os + "-" + std::to_string(next_++);
            const std::string tenant = "t" + std::to_string(next_ % 5);
            const Activated asked{device, tenant, "lab", segments};
            if (!driver_.rollout.may_activate(asked)) continue;
            driver_.apply(asked);
            let_in.push_back(device);
        }
        return let_in;
    }

    void confirm_common(int count) {
        while (count > 0) {
            const auto devices = activate("common", std::min(count, 5));
            ASSERT_FALSE(devices.empty());
            count -= static_cast<int>(devices.size());
            driver_.now += minutes{1};
            driver_.confirm(devices);
            driver_.settle();
        }
    }

    void pass_deadline() {
        driver_.now += driver_.rollout.plan().silence_deadline;
        driver_.settle();
    }

    const Segment& segment(const std::string& os) const {
        const Segment* found = driver_.rollout.segments().find(0, os);
        EXPECT_NE(found, nullptr);
        return *found;
    }

    RolloutDriver driver_{by_system()};
    int next_ = 0;
};

TEST_F(SegmentedRollout, HaltsForABuildOfWhichAllDieHoweverManyOthersAreWell) {
    driver_.start(60);
    confirm_common(40);
    ASSERT_EQ(activate("rare", 3).size(), 3U);
    pass_deadline();

    ASSERT_EQ(driver_.phase(), Phase::kHalted);
    EXPECT_NE(driver_.rollout.reason().find("3 of 3 of os=rare"), std::string::npos)
        << driver_.rollout.reason();
}

TEST_F(SegmentedRollout, WouldNotHaveKnownWithoutSegments) {
    Plan plan = by_system();
    plan.segments = {};
    driver_ = RolloutDriver(plan);
    driver_.start(60);
    confirm_common(40);
    ASSERT_EQ(activate("rare", 3).size(), 3U);
    pass_deadline();

    EXPECT_NE(driver_.phase(), Phase::kHalted);
}

TEST_F(SegmentedRollout, CountsADeadlineFromTheMomentItPasses) {
    driver_.start(60);
    activate("rare", 3);
    driver_.now += driver_.rollout.plan().silence_deadline;

    const SegmentEvidence evidence = driver_.rollout.segment_evidence(driver_.now);

    ASSERT_TRUE(evidence.worst);
    EXPECT_EQ(evidence.worst_failed, 3);
    EXPECT_GT(evidence.log_e_silence, 0);
    driver_.settle();
    EXPECT_EQ(driver_.rollout.segment_evidence(driver_.now).log_e_silence, evidence.log_e_silence);
}

TEST_F(SegmentedRollout, BlamesNoSegmentForOneDevice) {
    driver_.start(60);
    confirm_common(10);
    driver_.crash(activate("rare", 1));

    EXPECT_FALSE(driver_.rollout.segment_evidence(driver_.now).worst);
}

TEST_F(SegmentedRollout, LetsInFewOfASegmentUntilThoseConfirm) {
    driver_ = RolloutDriver(by_system(2));
    driver_.start(60);

    const auto first = activate("rare", 5);
    EXPECT_EQ(first.size(), 2U);
    EXPECT_FALSE(driver_.rollout.has_room({"d", "t9", "lab", {"rare"}}));
    const auto others = activate("common", 5);
    EXPECT_EQ(others.size(), 2U);  // They have a window of their own.
    driver_.now += minutes{1};
    driver_.confirm(first);
    driver_.confirm(others);
    driver_.settle();

    EXPECT_EQ(driver_.rollout.window_of(segment("rare")), 4);
    EXPECT_EQ(activate("rare", 9).size(), 4U);
}

TEST_F(SegmentedRollout, KeepsTheWindowOfASegmentFullOfThoseThatFailedUntilAPersonResumes) {
    Plan plan = by_system(2);
    plan.failures_min = 10;  // Nothing halts here.
    driver_ = RolloutDriver(plan);
    driver_.start(60);
    const auto failed = activate("rare", 2);
    driver_.crash(failed);
    EXPECT_TRUE(activate("rare", 1).empty());
    EXPECT_TRUE(driver_.rollout.may_activate({failed[0], "t", "lab", {"rare"}}));  // Is in already.

    driver_.apply(Held{"a person"});
    driver_.apply(Resumed{"operator:alice", "looked"});

    EXPECT_EQ(activate("rare", 9).size(), 2U);
}

TEST_F(SegmentedRollout, HoldsWhenAFullWindowOfASegmentKeepsTheRestOut) {
    driver_ = RolloutDriver(by_system(1));
    driver_.start(6);
    confirm_common(2);
    ASSERT_EQ(activate("rare", 1).size(), 1U);
    pass_deadline();
    EXPECT_EQ(driver_.phase(), Phase::kRolling);  // Others may still come.
    driver_.now += hours{1};
    driver_.settle();
    driver_.now += hours{1};
    driver_.settle();

    ASSERT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("the window of os=rare is full"), std::string::npos)
        << driver_.rollout.reason();
}

TEST_F(SegmentedRollout, OpensNoRingWhileASegmentIsSuspect) {
    driver_.start(42);
    confirm_common(40);
    activate("rare", 2);
    pass_deadline();
    driver_.now += hours{1};
    driver_.settle();
    driver_.now += hours{1};
    driver_.settle();

    EXPECT_FALSE(driver_.ring_state("early").open);
    ASSERT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("2 of 2 of os=rare"), std::string::npos)
        << driver_.rollout.reason();
}

TEST_F(SegmentedRollout, WaitsForTheSegmentsThatItsRingNames) {
    Plan plan = by_system();
    plan.rings[0].segments = {{"os", "common"}, {"os", "rare"}};
    driver_ = RolloutDriver(plan);
    driver_.start(43);
    confirm_common(40);
    driver_.now += hours{1};
    driver_.settle();
    const auto represented = [this] {
        for (const Gate& gate : driver_.rollout.gates(driver_.now)) {
            if (gate.kind == Gate::Kind::kRepresented) return gate;
        }
        return Gate{};
    };
    EXPECT_FALSE(represented().open);
    EXPECT_EQ(represented().have, 1);
    EXPECT_EQ(represented().need, 2);
    EXPECT_EQ(driver_.phase(), Phase::kRolling);  // Three may still come.

    driver_.confirm(activate("rare", 3));
    driver_.now += hours{1};
    driver_.settle();

    EXPECT_TRUE(driver_.ring_state("early").open);
}

TEST_F(SegmentedRollout, HoldsWhenNobodyOfASegmentIsLeftToCome) {
    Plan plan = by_system();
    plan.rings[0].segments = {{"os", "rare"}};
    driver_ = RolloutDriver(plan);
    driver_.start(40);
    confirm_common(40);
    driver_.now += hours{1};
    driver_.settle();
    driver_.now += hours{1};
    driver_.settle();

    ASSERT_EQ(driver_.phase(), Phase::kHeld);
    EXPECT_NE(driver_.rollout.reason().find("os=rare"), std::string::npos);
}

/// The bound on false halts is this: on average E is 1 at most while as many fall silent, and
/// crash, as are tolerated. The seed is fixed; three standard errors are allowed for.
TEST(SegmentEvidence, IsOneAtMostOnAverageWhenNothingIsWrong) {
    std::mt19937_64 random(20240719);
    const auto chance = [&random] { return static_cast<double>(random() >> 11U) * 0x1p-53; };
    constexpr int kRuns = 3000;
    double sum = 0;
    double squares = 0;
    for (int run = 0; run < kRuns; ++run) {
        Plan plan = by_system(1000);
        plan.segments.by = {"os", "sensor"};
        plan.silence_q0 = 0.05;
        plan.crash_rate_per_hour = 0.02;
        Rollout rollout({"yara", 7}, sha256(bytes_of("a bundle")), plan);
        rollout.apply({kStart, FleetSeen{{{"lab", 40}}}});
        rollout.apply({kStart, Started{}});
        for (int i = 0; i < 40; ++i) {
            const std::string id = std::to_string(i);
            const Values segments{std::to_string(random() % 5), std::to_string(random() % 3)};
            rollout.apply({kStart, Activated{id, "t", "lab", segments}});
            if (chance() >= plan.silence_q0) rollout.apply({kStart, Confirmed{id}});
        }
        const Instant later = kStart + hours{1};
        for (int i = 0; i < 40; ++i) {
            const bool crashes = chance() < 1 - std::exp(-plan.crash_rate_per_hour);
            if (crashes) rollout.apply({later, Crashed{std::to_string(i)}});
        }
        const double e = portable::exp(rollout.segment_evidence(later).log_e());
        sum += e;
        squares += e * e;
    }
    const double mean = sum / kRuns;
    const double error = std::sqrt((squares / kRuns - mean * mean) / kRuns);
    EXPECT_LE(mean, 1 + 3 * error);
    EXPECT_GT(mean, 0);
}

}  // namespace
}  // namespace firebreak::rollout
