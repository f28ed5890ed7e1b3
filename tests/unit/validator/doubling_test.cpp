// What counts as a slope, as too slow, and as nothing at all.

#include "validator/amplify/doubling.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const CostCaps& caps() {
    return profile(ProfileName::kGate).cost;
}

Cost took(milliseconds cpu) {
    return {.bytes = kAmplifyBytes, .cpu = cpu, .verdict = {.outcome = Outcome::kAccepted}};
}

Cost ended(Outcome outcome, milliseconds cpu) {
    return {.bytes = kAmplifyBytes, .cpu = cpu, .verdict = {.outcome = outcome}};
}

CostFault fault_of_times(const std::vector<int>& times) {
    std::vector<Cost> steps;
    for (const int time : times) steps.push_back(took(milliseconds(time)));
    return fault_of(steps, caps());
}

TEST(Doubling, FindsWhatTakesFourTimesAsLongTwice) {
    EXPECT_EQ(fault_of_times({1, 1, 4, 16, 64}), CostFault::kGrows);
}

/// How soon an engine gives up is for the machine to say; what it had taken by then is enough.
TEST(Doubling, FindsASlopeWhoseLastStepWasEndedByTime) {
    std::vector<Cost> steps{took(milliseconds(35)), took(milliseconds(257)),
                            ended(Outcome::kFailed, milliseconds(1284))};
    EXPECT_EQ(fault_of(steps, caps()), CostFault::kGrows);
    steps.back().verdict.outcome = Outcome::kTimedOut;
    EXPECT_EQ(fault_of(steps, caps()), CostFault::kGrows);
    steps.back().verdict.outcome = Outcome::kCrashed;
    EXPECT_EQ(fault_of(steps, caps()), CostFault::kFails);
    steps.back() = ended(Outcome::kFailed, milliseconds(300));
    EXPECT_EQ(fault_of(steps, caps()), CostFault::kFails);
}

TEST(Doubling, LetsPassWhatTakesTwiceAsLong) {
    EXPECT_EQ(fault_of_times({1, 2, 4, 8, 16, 32, 64}), CostFault::kNone);
}

TEST(Doubling, LetsPassWhatIsALittleWorseThanThat) {
    EXPECT_EQ(fault_of_times({4, 10, 25, 62, 155}), CostFault::kNone);
}

TEST(Doubling, DoesNotMindOneMeasurementThatWasTooLong) {
    EXPECT_EQ(fault_of_times({4, 23, 64}), CostFault::kGrows);
}

TEST(Doubling, TakesAJumpForNoSlope) {
    EXPECT_EQ(fault_of_times({4, 60, 120, 240}), CostFault::kNone);
}

TEST(Doubling, JudgesNothingBelowTheNoise) {
    EXPECT_EQ(fault_of_times({1, 4, 16}), CostFault::kNone);
}

TEST(Doubling, FindsWhatIsTooSlowAtOnce) {
    EXPECT_EQ(fault_of_times({900}), CostFault::kNone);
    EXPECT_EQ(fault_of_times({1100}), CostFault::kSlow);
}

TEST(Doubling, AllowsMoreForMore) {
    Cost large = took(milliseconds(9'000));
    large.bytes = 16U << 20U;
    EXPECT_EQ(fault_of(large, caps()), CostFault::kNone);
    EXPECT_EQ(fault_of(took(milliseconds(9'000)), caps()), CostFault::kSlow);
}

TEST(Doubling, TellsHowItEnded) {
    EXPECT_EQ(fault_of(ended(Outcome::kTimedOut, milliseconds(1500)), caps()), CostFault::kSlow);
    EXPECT_EQ(fault_of(ended(Outcome::kFailed, milliseconds(1500)), caps()), CostFault::kSlow);
    EXPECT_EQ(fault_of(ended(Outcome::kFailed, milliseconds(1)), caps()), CostFault::kFails);
    EXPECT_EQ(fault_of(ended(Outcome::kCrashed, milliseconds(1500)), caps()), CostFault::kFails);
    EXPECT_EQ(fault_of(ended(Outcome::kOutOfMemory, milliseconds(1)), caps()), CostFault::kMemory);
    EXPECT_EQ(fault_of(ended(Outcome::kNotRun, milliseconds(1)), caps()), CostFault::kUnclear);
}

TEST(Doubling, FindsWhatTakesMuchMemory) {
    Cost cost = took(milliseconds(1));
    cost.memory_more = caps().amplified_memory_max + 1;
    EXPECT_EQ(fault_of(cost, caps()), CostFault::kMemory);
}

/// Stopped by the clock on the wall, with hardly any CPU time used: the machine's doing.
TEST(Doubling, BlamesNobodyOnAMachineThatHadNoTime) {
    Cost cost = ended(Outcome::kTimedOut, milliseconds(20));
    cost.starved = true;
    EXPECT_EQ(fault_of(cost, caps()), CostFault::kUnclear);
}

}  // namespace
}  // namespace firebreak::validator
