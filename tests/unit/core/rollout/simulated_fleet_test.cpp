// The promises over whole rollouts, thousands of them, each against a modelled fleet
// (simulated_fleet.hpp):
// good content completes, bad content is stopped, and never are more than W devices activated and
// not
// yet confirmed. Seeds are fixed; FIREBREAK_SEED moves them.

#include "tests/unit/core/rollout/simulated_fleet.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

namespace firebreak::rollout {
namespace {

using namespace test;

std::uint64_t first_seed() {
    const char* text = std::getenv("FIREBREAK_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

Instant ended(const SimulatedFleet& fleet) {
    return fleet.driver.now;
}

TEST(SimulatedFleet, CompletesGoodContentEveryTime) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 40; ++seed) {
        SimulatedFleet fleet({}, seed);
        fleet.run();

        ASSERT_EQ(fleet.driver.phase(), Phase::kComplete) << "seed " << seed;
        EXPECT_EQ(fleet.driver.rollout.exposures().size(), 170U) << "seed " << seed;
    }
}

TEST(SimulatedFleet, CompletesGoodContentThoughManyDevicesAreAsleepAndSomeLate) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 40; ++seed) {
        SimulatedFleet fleet({.devices_by_ring = {20, 60, 150}, .asleep = 0.4, .late = 0.01}, seed);
        fleet.run();

        // One device that is late may hold the lab ring of some seed; none may halt it.
        EXPECT_NE(fleet.driver.phase(), Phase::kHalted) << "seed " << seed;
        if (fleet.driver.phase() == Phase::kHeld) {
            fleet.driver.two_go_on("it was late");
            fleet.run();
        }
        EXPECT_EQ(fleet.driver.phase(), Phase::kComplete)
            << "seed " << seed << ": " << fleet.driver.rollout.reason();
    }
}

TEST(SimulatedFleet, CompletesTheSmallestFleets) {
    for (int devices = 1; devices <= 4; ++devices) {
        SimulatedFleet fleet({.devices_by_ring = {devices, 0, devices}, .tenants = 1},
                             first_seed());
        fleet.run();

        EXPECT_EQ(fleet.driver.phase(), Phase::kComplete) << devices;
    }
}

TEST(SimulatedFleet, HaltsContentThatSilencesEverybodyInItsFirstWindow) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 100; ++seed) {
        SimulatedFleet fleet({.silent = 1}, seed);
        fleet.run();

        ASSERT_EQ(fleet.driver.phase(), Phase::kHalted) << "seed " << seed;
        EXPECT_LE(fleet.harmed(), 5) << "seed " << seed;
        EXPECT_LE(fleet.harmed(), fleet.bound_most()) << "seed " << seed;
        // D after the first few, who may have had to wait for a fuller draw.
        EXPECT_LE(ended(fleet) - *fleet.driver.rollout.first_activation(), minutes{8});
    }
}

TEST(SimulatedFleet, HaltsContentThatSilencesHalfOfTheDevicesEarly) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 100; ++seed) {
        SimulatedFleet fleet({.devices_by_ring = {40, 100, 100}, .silent = 0.5}, seed);
        fleet.run();

        ASSERT_EQ(fleet.driver.phase(), Phase::kHalted) << "seed " << seed;
        EXPECT_LE(fleet.harmed(), fleet.bound_most()) << "seed " << seed;
        EXPECT_LE(ended(fleet) - *fleet.driver.rollout.first_activation(), minutes{20});
    }
}

TEST(SimulatedFleet, HaltsContentThatCrashesHalfOfTheDevicesWithinMinutes) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 100; ++seed) {
        SimulatedFleet fleet({.devices_by_ring = {40, 100, 100}, .crashing = 0.5}, seed);
        fleet.run();

        ASSERT_EQ(fleet.driver.phase(), Phase::kHalted) << "seed " << seed;
        EXPECT_LE(fleet.harmed(), fleet.bound_most()) << "seed " << seed;
        EXPECT_EQ(fleet.driver.rollout.rings()[1].activated, 0) << "seed " << seed;
    }
}

TEST(SimulatedFleet, NeverCompletesContentThatHarmsATwentieth) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 40; ++seed) {
        SimulatedFleet fleet({.devices_by_ring = {10, 100, 300}, .silent = 0.05}, seed);
        fleet.run();

        EXPECT_NE(fleet.driver.phase(), Phase::kComplete) << "seed " << seed;
        EXPECT_LE(fleet.harmed(), fleet.bound_most()) << "seed " << seed;
    }
}

/// A fleet and a bundle drawn at random, from harmless to deadly.
FleetModel random_model(std::mt19937_64& engine) {
    const auto below = [&engine](std::uint64_t bound) {
        return static_cast<int>(engine() % bound);
    };
    FleetModel model;
    model.devices_by_ring = {below(15), below(30), 1 + below(60)};
    model.tenants = 1 + below(4);
    model.asleep = 0.1 * below(6);
    model.silent = 0.05 * below(8);
    model.crashing = 0.05 * below(6);
    model.late = 0.05 * below(6);
    model.cached_offers = below(2) == 0;
    model.repeats = below(2) == 0;
    return model;
}

TEST(SimulatedFleet, NeverFillsMoreThanItsWindowWhateverTheFleetAndTheBundle) {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + 1000; ++seed) {
        std::mt19937_64 engine(seed);
        SimulatedFleet fleet(random_model(engine), seed);
        fleet.run(hours{2});

        ASSERT_LE(fleet.unconfirmed_most(), fleet.window_most()) << "seed " << seed;
        ASSERT_LE(fleet.harmed(), fleet.bound_most()) << "seed " << seed;
    }
}

TEST(SimulatedFleet, HaltsGoodContentNoOftenerThanAlphaPermits) {
    // Natural loss at exactly what is tolerated, and an alpha large enough to see.
    Plan plan = three_rings();
    plan.alpha = 0.02;
    plan.silence_q0 = 0.02;
    plan.failures_min = 1;
    plan.tenants_min = 1;
    constexpr int kRuns = 300;
    int halted = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + kRuns; ++seed) {
        SimulatedFleet fleet({.devices_by_ring = {10, 40, 60}, .silent = 0.02}, seed, plan);
        fleet.run(hours{4});
        if (fleet.driver.phase() == Phase::kHalted) ++halted;
    }
    EXPECT_LE(halted, kRuns * plan.alpha);
}

}  // namespace
}  // namespace firebreak::rollout
