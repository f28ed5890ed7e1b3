// The statistics by themselves: their values, that they stay within their error bound when looked
// at
// after every event, and that they are quick when there is something to see. Seeds are fixed, so a
// failure is a change of the code and not bad luck.

#include "core/rollout/eprocess.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace firebreak::rollout {
namespace {

/// Uniform in [0, 1), the same on every platform.
class Uniform {
public:
    explicit Uniform(std::uint64_t seed) : engine_(seed) {}
    double operator()() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }

private:
    std::mt19937_64 engine_;
};

double mean_of_exp(std::initializer_list<double> logs) {
    LogMean mean;
    for (const double log_value : logs) mean.add(log_value);
    return mean.log_mean();
}

TEST(LogMean, IsTheLogarithmOfTheMean) {
    EXPECT_NEAR(mean_of_exp({std::log(1.0), std::log(2.0), std::log(6.0)}), std::log(3.0), 1e-12);
    EXPECT_NEAR(mean_of_exp({std::log(6.0), std::log(2.0), std::log(1.0)}), std::log(3.0), 1e-12);
}

TEST(LogMean, HoldsValuesWhoseExponentialsDoNotFitADouble) {
    EXPECT_NEAR(mean_of_exp({1e6, 1e6}), 1e6, 1e-6);
    EXPECT_NEAR(mean_of_exp({-1e6, -1e6}), -1e6, 1e-6);
    EXPECT_NEAR(mean_of_exp({-1e6, 1e6}), 1e6 - std::log(2.0), 1e-6);
}

TEST(CrashProcess, IsOneBeforeAnythingHappened) {
    EXPECT_NEAR(log_e_crash(0, 0, 3e-5), 0, 1e-12);
}

TEST(CrashProcess, IsTheMixtureByHand) {
    // k = 2, T = 1000 h, l = 3e-5, so l T = 0.03:
    // (4 e^-0.03 + 25 e^-0.12 + 100 e^-0.27 + 900 e^-0.87 + 1e4 e^-2.97 + 1e6 e^-29.97 + …) / 8
    const double by_hand =
        (4 * std::exp(-0.03) + 25 * std::exp(-0.12) + 100 * std::exp(-0.27) +
         900 * std::exp(-0.87) + 1e4 * std::exp(-2.97) + 1e6 * std::exp(-29.97)) /
        8;
    EXPECT_NEAR(log_e_crash(2, 1000, 3e-5), std::log(by_hand), 1e-9);
}

TEST(CrashProcess, RisesWithCrashesAndFallsWithExposure) {
    EXPECT_GT(log_e_crash(3, 10, 3e-5), log_e_crash(2, 10, 3e-5));
    EXPECT_LT(log_e_crash(3, 20, 3e-5), log_e_crash(3, 10, 3e-5));
}

TEST(CrashProcess, IsFiniteForAFleetOfMillionsOverAYear) {
    EXPECT_TRUE(std::isfinite(log_e_crash(0, 8.5e6 * 8766, 3e-5)));
    EXPECT_TRUE(std::isfinite(log_e_crash(8'500'000, 1, 3e-5)));
}

TEST(CrashProcess, CrossesAtTheSecondCrashWhenAllCrashAtOnce) {
    // 1/alpha = 1e4, and the crashes' share of E is 0.4.
    EXPECT_LT(log_e_crash(1, 0.1, 3e-5), std::log(1e4 / 0.4));
    EXPECT_GT(log_e_crash(2, 0.1, 3e-5), std::log(1e4 / 0.4));
}

TEST(CrashProcess, HaltsGoodContentNoOftenerThanAlphaUnderConstantPeeking) {
    // Exponential waits between crashes at exactly the tolerated rate, a look at each crash, which
    // is where E jumps: the worst moments to look. Fifty crashes a run.
    constexpr int kRuns = 4000;
    constexpr double kAlpha = 0.01;
    constexpr double kRate = 1e-3;
    Uniform uniform(1);
    int halted = 0;
    for (int run = 0; run < kRuns; ++run) {
        double hours = 0;
        for (int crashes = 1; crashes <= 50; ++crashes) {
            hours += -std::log(1 - uniform()) / kRate;
            if (log_e_crash(crashes, hours, kRate) < -std::log(kAlpha)) continue;
            ++halted;
            break;
        }
    }
    EXPECT_LE(halted, kRuns * kAlpha);
}

TEST(LateCrashProcess, IsOneBeforeItsFirstBetAndNeverMoreThanTheBetsAllow) {
    LateCrashProcess process;
    EXPECT_EQ(process.log_e(0), 0);
    process.restart();
    EXPECT_NEAR(process.log_e(0), 0, 1e-12);
    process.pass(1e6);
    // The first bet, of weight 1/2, is lost; the other half is not placed yet.
    EXPECT_NEAR(process.log_e(0), std::log(0.5), 1e-9);
    EXPECT_NEAR(process.log_e(1e6), std::log(0.5), 1e-9);
}

TEST(LateCrashProcess, IsTheMixtureOverBeginningsByHand) {
    LateCrashProcess process;
    process.restart();
    process.pass(0.5);
    process.restart();
    process.pass(0.25);
    process.crash();
    process.crash();

    double expected = 1.0 / 3;  // Not placed yet.
    for (const double m : kRateRatios) {
        const double first = std::exp(-(m - 1) * 0.85) * m * m;
        const double second = std::exp(-(m - 1) * 0.35) * m * m;
        expected += (first / 2 + second / 6) / static_cast<double>(kRateRatios.size());
    }
    EXPECT_NEAR(process.log_e(0.1), std::log(expected), 1e-9);
}

TEST(LateCrashProcess, SeesAtOnceWhatBeginsAfterMillionsOfGoodHours) {
    constexpr double kRate = 3e-5;
    constexpr double kHoursAMinute = 8.5e6 / 60;
    LateCrashProcess process;
    double hours = 0;
    for (int minute = 0; minute < 24 * 60; ++minute) {
        process.restart();
        process.pass(kHoursAMinute * kRate);
        hours += kHoursAMinute;
        // As many as the tolerated rate gives: four a minute.
        for (int i = 0; i < 4; ++i) process.crash();
    }
    const std::int64_t before = 4 * 24 * 60;
    EXPECT_LT(process.log_e(0), std::log(1e4));

    // Then 60 in one minute: nothing beside the 5,760 that came before.
    process.restart();
    process.pass(kHoursAMinute * kRate);
    for (int i = 0; i < 60; ++i) process.crash();
    hours += kHoursAMinute;
    EXPECT_GT(process.log_e(0), std::log(1e4 / 0.2));
    EXPECT_LT(log_e_crash(before + 60, hours, kRate), 0);
}

TEST(LateCrashProcess, HaltsGoodContentNoOftenerThanAlphaUnderConstantPeeking) {
    // As above, with a bet placed once in about every second crash.
    constexpr int kRuns = 4000;
    constexpr double kAlpha = 0.02;
    Uniform uniform(3);
    int halted = 0;
    for (int run = 0; run < kRuns; ++run) {
        LateCrashProcess process;
        double next_bet = 0;
        double passed = 0;
        for (int crashes = 1; crashes <= 50; ++crashes) {
            const double wait = -std::log(1 - uniform());
            double left = wait;
            for (; next_bet <= passed + left; next_bet += 2) {
                process.pass(next_bet - passed);
                left -= next_bet - passed;
                passed = next_bet;
                process.restart();
            }
            process.pass(left);
            passed += left;
            process.crash();
            if (process.log_e(0) < -std::log(kAlpha)) continue;
            ++halted;
            break;
        }
    }
    EXPECT_GT(halted, 0);
    EXPECT_LE(halted, kRuns * kAlpha);
}

TEST(SilenceProcess, IsOneBeforeAnythingHappenedAndFallsWithEachActivation) {
    EXPECT_NEAR(log_e_silence(0, 0, 0.005), 0, 1e-12);
    EXPECT_LT(log_e_silence(0, 1, 0.005), 0);
    EXPECT_LT(log_e_silence(0, 2, 0.005), log_e_silence(0, 1, 0.005));
}

TEST(SilenceProcess, IsTheMixtureByHand) {
    const double q0 = 0.005;
    double sum = 0;
    for (const double p : {0.01, 0.02, .05, .1, .2, .35, .5, .7, .9, .99}) {
        sum += std::pow(p / q0, 2) * std::pow((1 - p) / (1 - q0), 5);
    }
    EXPECT_NEAR(log_e_silence(2, 7, q0), std::log(sum / 10), 1e-9);
}

TEST(SilenceProcess, RisesWithEachFailureAmongAsMany) {
    for (const double q0 : {0.001, 0.02, 0.1, 0.24}) {
        for (std::int64_t failed = 0; failed < 100; ++failed) {
            EXPECT_GE(log_e_silence(failed + 1, 100, q0), log_e_silence(failed, 100, q0));
        }
    }
}

TEST(SilenceProcess, DoesNotCountComponentsUnderTheToleratedLoss) {
    // With q0 = 0.2 the grid's .05, .1 and .2 say "better than tolerated". If they were counted as
    // they are, content that loses nobody would raise E.
    EXPECT_LT(log_e_silence(0, 1000, 0.2), 0);
}

// The table of docs/adr/0003-statistics.md: resolved activations and failures at the halt.
TEST(SilenceProcess, CrossesWhenTheTableSays) {
    const double threshold = std::log(1e4);
    EXPECT_GE(log_e_silence(2, 2, 0.001), threshold);
    EXPECT_LT(log_e_silence(2, 2, 0.02), threshold);
    EXPECT_GE(log_e_silence(3, 3, 0.02), threshold);
    EXPECT_GE(log_e_silence(3, 6, 0.005), threshold);
}

TEST(SilenceProcess, HaltsGoodContentNoOftenerThanAlphaUnderConstantPeeking) {
    // Devices activate one after the other; confirmations arrive at once and misses only after the
    // next `kDelay` activations, which is what makes counting resolved ones alone invalid.
    constexpr int kRuns = 3000;
    constexpr int kDevices = 200;
    constexpr int kDelay = 30;
    constexpr double kAlpha = 0.01;
    constexpr double kLoss = 0.02;
    Uniform uniform(2);
    int halted = 0;
    for (int run = 0; run < kRuns; ++run) {
        std::vector<bool> lost(kDevices);
        std::int64_t failed = 0;
        for (int n = 0; n < kDevices + kDelay; ++n) {
            if (n < kDevices) lost[static_cast<std::size_t>(n)] = uniform() < kLoss;
            const bool misses = n >= kDelay && lost[static_cast<std::size_t>(n - kDelay)];
            if (!misses) continue;  // E only falls.
            ++failed;
            if (log_e_silence(failed, std::min(n + 1, kDevices), kLoss) < -std::log(kAlpha))
                continue;
            ++halted;
            break;
        }
    }
    EXPECT_LE(halted, kRuns * kAlpha);
}

TEST(LossProcess, IsOneBeforeAnyBet) {
    EXPECT_NEAR(LossProcess{}.log_e(), 0, 1e-12);
    LossProcess process;
    for (int i = 0; i < 5; ++i) {
        process.restart();
        EXPECT_NEAR(process.log_e(), 0, 1e-12) << "nothing was lost";
    }
}

TEST(LossProcess, IsTheMixtureByHand) {
    // Two bets, each of them followed by one loss with the new content and two of the control.
    LossProcess process;
    process.restart();
    process.lose(0.25, 1, 2);
    process.restart();
    process.lose(0.5, 1, 2);

    double sum = 0;
    for (const double m : kRateRatios) {
        const auto factor = [m](double rho) {
            const double worse = rho * 2 * m + 1 - rho;
            const double tolerated = rho * 2 + 1 - rho;
            return (2 * m / worse) / (2 / tolerated) * std::pow(tolerated / worse, 2);
        };
        sum += factor(0.25) * factor(0.5) / 2 + factor(0.5) / 6;
    }
    EXPECT_NEAR(process.log_e(), std::log(sum / 8 + 1.0 / 3), 1e-9);
}

TEST(LossProcess, StaysAtOneOnAverageWhileTheReleaseLosesTwiceAsMany) {
    for (const double rho : {0.01, 0.3, 0.9}) {
        const auto after = [rho](std::int64_t lost_new, std::int64_t lost_control) {
            LossProcess process;
            process.restart();
            process.lose(rho, lost_new, lost_control);
            return std::exp(process.log_e());
        };
        const double in_new = 2 * rho / (2 * rho + 1 - rho);
        EXPECT_NEAR(in_new * after(1, 0) + (1 - in_new) * after(0, 1), 1, 1e-9) << rho;
    }
}

TEST(LossProcess, HaltsGoodContentNoOftenerThanAlphaUnderConstantPeeking) {
    // Twice as many are lost as without the release, which is just tolerated; a bet and a look at
    // each loss.
    constexpr int kRuns = 2000;
    constexpr double kAlpha = 0.01;
    Uniform uniform(3);
    int halted = 0;
    for (int run = 0; run < kRuns; ++run) {
        const double rho = 0.02 + 0.9 * uniform();
        const double in_new = 2 * rho / (1 + rho);
        LossProcess process;
        for (int losses = 0; losses < 100; ++losses) {
            process.restart();
            const bool is_new = uniform() < in_new;
            process.lose(rho, is_new ? 1 : 0, is_new ? 0 : 1);
            if (process.log_e() < -std::log(kAlpha)) continue;
            ++halted;
            break;
        }
    }
    EXPECT_LE(halted, kRuns * kAlpha);
}

TEST(LossProcess, SeesHarmThatBeginsAfterANightOfSleepers) {
    LossProcess process;
    for (int minute = 0; minute < 600; ++minute) {
        process.restart();
        process.lose(0.3, 300, 700);
    }
    EXPECT_LT(process.log_e(), 0);
    process.restart();
    process.lose(0.3, 200, 60);
    EXPECT_GT(process.log_e(), std::log(1e4 / 0.1));
}

TEST(ControlProcess, IsOneBeforeAnyCrash) {
    EXPECT_NEAR(ControlProcess{}.log_e(), 0, 1e-12);
}

TEST(ControlProcess, IsTheSameCrashByCrashAsAllAtOnce) {
    ControlProcess one_by_one;
    for (int i = 0; i < 3; ++i) one_by_one.crash_in_new(0.1);
    for (int i = 0; i < 2; ++i) one_by_one.crash_in_control(0.1);

    EXPECT_NEAR(one_by_one.log_e(), log_e_control(3, 2, 0.1), 1e-9);
}

TEST(ControlProcess, IsFairUnderTheNullWhateverTheShare) {
    // E after one crash, averaged over which side it is on, is 1: exactly the martingale property.
    for (const double rho : {1e-6, 0.01, 0.5, 0.99}) {
        const double mean = rho * std::exp(log_e_control(1, 0, rho)) +
                            (1 - rho) * std::exp(log_e_control(0, 1, rho));
        EXPECT_NEAR(mean, 1, 1e-9) << rho;
    }
}

TEST(ControlProcess, DoesNotBlameTheContentForABadDayOfTheWholeWorld) {
    // A thousand crashes, spread as the devices are.
    EXPECT_LT(log_e_control(100, 900, 0.1), 0);
    EXPECT_GT(log_e_control(30, 0, 0.1), std::log(1e4));
}

TEST(CombinedProcess, IsTheWeightedMean) {
    EXPECT_NEAR(log_e_combined(0, 0, 0), 0, 1e-12);
    EXPECT_NEAR(log_e_combined(std::log(10), std::log(20), std::log(30)), std::log(4 + 4 + 12),
                1e-12);
    EXPECT_NEAR(log_e_combined(1e6, 0, -1e6), 1e6 + std::log(0.4), 1e-6);
}

}  // namespace
}  // namespace firebreak::rollout
