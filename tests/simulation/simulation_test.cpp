#include <gtest/gtest.h>
#include <string>

#include "tests/simulation/world.hpp"

namespace firebreak::simulation {
namespace {

constexpr std::uint64_t kBatches = 16;
constexpr std::uint64_t kSeedsPerBatch = 128;

/// Seeds from 1 on, or from FIREBREAK_SEED on: other worlds for whoever wants them.
std::uint64_t first_seed() {
    const char* given = std::getenv("FIREBREAK_SEED");
    return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

WorldOptions world_of(std::uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    return options;
}

std::string traced(std::uint64_t seed) {
    WorldOptions options = world_of(seed);
    options.trace = true;
    return run_world(options).trace;
}

std::string replay(std::uint64_t seed) {
    return "replay: build/dev/tests/simulation-seed --trace --seed " + std::to_string(seed);
}

class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, HoldsInEachWorld) {
    for (std::uint64_t i = 0; i < kSeedsPerBatch; ++i) {
        const std::uint64_t seed = first_seed() + GetParam() * kSeedsPerBatch + i;
        const Outcome outcome = run_world(world_of(seed));
        EXPECT_FALSE(outcome.broken)
            << *outcome.broken << "\nseed " << seed << "; " << replay(seed);
    }
}

INSTANTIATE_TEST_SUITE_P(Batch, Simulation, testing::Range<std::uint64_t>(0, kBatches));

TEST(SimulationItself, IsTheSameTwiceToTheLastByte) {
    const std::string once = traced(1);

    EXPECT_GT(once.size(), 10'000U);
    EXPECT_EQ(once, traced(1));
    EXPECT_NE(once, traced(2));
}

/// A bug, and the invariant that has to notice it.
struct Bite {
    Planted bug;
    const char* invariant;
};

class PlantedBug : public testing::TestWithParam<Bite> {};

TEST_P(PlantedBug, IsFound) {
    constexpr std::uint64_t kSeedsMost = 40;
    for (std::uint64_t seed = 1; seed <= kSeedsMost; ++seed) {
        WorldOptions options = world_of(seed);
        options.planted = GetParam().bug;
        options.only = GetParam().invariant;
        const Outcome outcome = run_world(options);
        if (!outcome.broken) continue;

        // Whoever looks at everything after every event sees it no earlier.
        options.looks_at_all = true;
        const Outcome slow = run_world(options);
        EXPECT_EQ(slow.broken, outcome.broken);
        EXPECT_EQ(slow.events, outcome.events);
        return;
    }
    ADD_FAILURE() << "no world of " << kSeedsMost << " shows it";
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBug,
    testing::Values(
        Bite{Planted::kLiesAboutBuild, "attested"}, Bite{Planted::kGrantsEverybody, "window"},
        Bite{Planted::kGrantsEverybody, "segments"}, Bite{Planted::kGrantsEverybody, "harm"},
        Bite{Planted::kForgetsQuarantine, "heals"}, Bite{Planted::kAttemptsNotCounted, "heals"},
        Bite{Planted::kIgnoresRecalls, "recall"}, Bite{Planted::kForgetsHalts, "halt"},
        Bite{Planted::kTakesAnySignature, "signed"}, Bite{Planted::kOfflineKeysStolen, "signed"},
        Bite{Planted::kForgetsTimestamps, "rollback"}, Bite{Planted::kForgetsVersions, "possible"},
        Bite{Planted::kTakesOneForTwo, "possible"}, Bite{Planted::kLosesCommits, "durable"},
        Bite{Planted::kLetsNobodyIn, "progress"}),
    [](const auto& bite) {
        return std::string(bite.param.invariant) + "_" +
               std::to_string(static_cast<int>(bite.param.bug));
    });

}  // namespace
}  // namespace firebreak::simulation
