// What a ring waits for, and that decide() opens the next one exactly when nothing is left of it.

#include <gtest/gtest.h>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace test;

class Gates : public ::testing::Test {
protected:
    bool open(Gate::Kind kind) const {
        for (const Gate& gate : driver_.rollout.gates(driver_.now)) {
            if (gate.kind == kind) return gate.open;
        }
        ADD_FAILURE() << "no gate " << name_of(kind);
        return false;
    }

    bool all_open() const {
        const std::vector<Gate> gates = driver_.rollout.gates(driver_.now);
        return std::ranges::all_of(gates, &Gate::open);
    }

    RolloutDriver driver_;
};

TEST_F(Gates, AreNoneBeforeAndAfterARollout) {
    EXPECT_TRUE(driver_.rollout.gates(driver_.now).empty());
    driver_.start();
    EXPECT_EQ(driver_.rollout.gates(driver_.now).size(), 7U);
    driver_.apply(Halted{"smoke", 0});
    EXPECT_TRUE(driver_.rollout.gates(driver_.now).empty());
}

TEST_F(Gates, OpenOneByOneAndTheNextRingWithTheLast) {
    driver_.start();
    EXPECT_FALSE(open(Gate::Kind::kExposed));
    EXPECT_FALSE(open(Gate::Kind::kConfirmed));

    for (int round = 0; round < 200 && !driver_.ring_state("early").open; ++round) {
        const auto remaining = driver_.rollout.active("lab") - driver_.ring_state("lab").activated;
        const auto devices = driver_.activate(
            "lab", static_cast<int>(std::min(remaining, driver_.rollout.room("lab"))));
        EXPECT_EQ(open(Gate::Kind::kResolved), devices.empty());
        driver_.now += minutes{1};
        driver_.confirm(devices);
        EXPECT_TRUE(open(Gate::Kind::kResolved));
        driver_.now += minutes{1};

        const bool due = all_open();
        driver_.settle();
        EXPECT_EQ(driver_.ring_state("early").open, due);
    }
    EXPECT_TRUE(driver_.ring_state("early").open);
    // And those of the next ring are shut.
    EXPECT_FALSE(open(Gate::Kind::kExposed));
}

TEST_F(Gates, SayWhenTimeOpensThem) {
    driver_.start();
    while (driver_.ring_state("lab").activated < 10) {
        driver_.confirm(driver_.activate("lab", static_cast<int>(driver_.rollout.room("lab"))));
        driver_.now += minutes{1};
        driver_.settle();
    }
    ASSERT_FALSE(open(Gate::Kind::kBaked));
    std::optional<Instant> opens_at;
    for (const Gate& gate : driver_.rollout.gates(driver_.now)) {
        if (gate.kind == Gate::Kind::kBaked) opens_at = gate.opens_at;
    }
    ASSERT_TRUE(opens_at);

    driver_.now = *opens_at - milliseconds{1};
    EXPECT_FALSE(open(Gate::Kind::kBaked));
    driver_.now = *opens_at;
    EXPECT_TRUE(open(Gate::Kind::kBaked));
}

}  // namespace
}  // namespace firebreak::rollout
