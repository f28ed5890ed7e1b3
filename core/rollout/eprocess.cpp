#include "core/rollout/eprocess.hpp"

#include <algorithm>
#include <array>

#include "core/base/check.hpp"
#include "core/rollout/portable_math.hpp"

namespace firebreak::rollout {
namespace {

/// ln(exp(a) + exp(b)).
double log_sum(double a, double b) {
    const double largest = std::max(a, b);
    return largest + portable::log(portable::exp(a - largest) + portable::exp(b - largest));
}

/// ln m of kRateRatios.
const std::array<double, kRateRatios.size()> kLogRatios = [] {
    std::array<double, kRateRatios.size()> logs{};
    std::ranges::transform(kRateRatios, logs.begin(), [](double m) { return portable::log(m); });
    return logs;
}();

/// Below this a sum of at least 1 does not change by a term, nor by a million such terms.
constexpr double kNegligible = -60;

using Components = std::array<double, kRateRatios.size()>;

/// Adds the `number`th bet to the weighted sum of those placed.
void place_bet(std::int64_t number, Components& log_placed) {
    const auto i = static_cast<double>(number);
    const double log_weight = -portable::log(i * (i + 1));
    for (double& placed : log_placed) {
        placed = number == 1 ? log_weight : log_sum(placed, log_weight);
    }
}

/// ln E: those placed, and the weight of the others.
double log_of_bets(std::int64_t count, const Components& log_placed) {
    if (count == 0) return 0;
    LogMean mixture;
    for (const double placed : log_placed) mixture.add(placed);
    const double log_rest = -portable::log(static_cast<double>(count + 1));
    return log_sum(mixture.log_mean(), log_rest);
}

}  // namespace

void LogSum::add(double log_value) {
    if (sum_ == 0) {
        sum_ = 1;
        largest_ = log_value;
    } else if (log_value > largest_) {
        const double others = largest_ - log_value;
        sum_ = others < kNegligible ? 1 : sum_ * portable::exp(others) + 1;
        largest_ = log_value;
    } else if (log_value - largest_ >= kNegligible) {
        sum_ += portable::exp(log_value - largest_);
    }
}

double LogSum::log_sum() const {
    return sum_ == 0 ? largest_ : largest_ + portable::log(sum_);
}

void LogMean::add(double log_value) {
    sum_.add(log_value);
    ++count_;
}

double LogMean::log_mean() const {
    FIREBREAK_CHECK(count_ > 0);
    return sum_.log_sum() - portable::log(static_cast<double>(count_));
}

double log_e_crash(std::int64_t crashes, double exposure_hours, double rate_per_hour) {
    FIREBREAK_CHECK(crashes >= 0 && exposure_hours >= 0 && rate_per_hour > 0);
    LogMean mixture;
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        mixture.add(static_cast<double>(crashes) * kLogRatios.at(j) -
                    (kRateRatios.at(j) - 1) * rate_per_hour * exposure_hours);
    }
    return mixture.log_mean();
}

SilenceProcess::SilenceProcess(double q0) {
    FIREBREAK_CHECK(q0 > 0 && q0 < 0.25);
    const std::array<double, kCandidates> candidates{2 * q0, 4 * q0, .05, .1, .2,
                                                     .35,    .5,     .7,  .9, .99};
    for (std::size_t j = 0; j < kCandidates; ++j) {
        const double p = std::max(candidates.at(j), q0);
        log_of_miss_.at(j) = portable::log(p / q0);
        log_of_other_.at(j) = portable::log1p(-p) - portable::log1p(-q0);
    }
}

double SilenceProcess::log_e(std::int64_t failed, std::int64_t activated) const {
    FIREBREAK_CHECK(failed >= 0 && failed <= activated);
    const auto misses = static_cast<double>(failed);
    const auto others = static_cast<double>(activated - failed);
    LogMean mixture;
    for (std::size_t j = 0; j < kCandidates; ++j) {
        mixture.add(misses * log_of_miss_.at(j) + others * log_of_other_.at(j));
    }
    return mixture.log_mean();
}

double log_e_silence(std::int64_t failed, std::int64_t activated, double q0) {
    return SilenceProcess(q0).log_e(failed, activated);
}

void ControlProcess::crash_in_new(double rho, std::int64_t crashes) {
    FIREBREAK_CHECK(rho > 0 && rho < 1 && crashes >= 0);
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        const double m = kRateRatios.at(j);
        log_components_.at(j) +=
            static_cast<double>(crashes) * (kLogRatios.at(j) - portable::log(rho * m + 1 - rho));
    }
}

void ControlProcess::crash_in_control(double rho, std::int64_t crashes) {
    FIREBREAK_CHECK(rho > 0 && rho < 1 && crashes >= 0);
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        log_components_.at(j) -=
            static_cast<double>(crashes) * portable::log(rho * kRateRatios.at(j) + 1 - rho);
    }
}

double ControlProcess::log_e() const {
    LogMean mixture;
    for (const double component : log_components_) mixture.add(component);
    return mixture.log_mean();
}

double log_e_control(std::int64_t crashes_new, std::int64_t crashes_control, double rho) {
    ControlProcess process;
    process.crash_in_new(rho, crashes_new);
    process.crash_in_control(rho, crashes_control);
    return process.log_e();
}

void LossProcess::lose(double rho, std::int64_t lost_new, std::int64_t lost_control) {
    FIREBREAK_CHECK(rho > 0 && rho < 1 && lost_new >= 0 && lost_control >= 0);
    constexpr double r = kLossRatioTolerated;
    const auto in_new = static_cast<double>(lost_new);
    const auto in_both = static_cast<double>(lost_new + lost_control);
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        const double m = kRateRatios.at(j);
        log_placed_.at(j) +=
            in_new * kLogRatios.at(j) +
            in_both * (portable::log(rho * r + 1 - rho) - portable::log(rho * r * m + 1 - rho));
    }
}

void LossProcess::restart() {
    place_bet(++bets_, log_placed_);
}

double LossProcess::log_e() const {
    return log_of_bets(bets_, log_placed_);
}

void LateCrashProcess::pass(double expected) {
    FIREBREAK_CHECK(expected >= 0);
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        log_placed_.at(j) -= (kRateRatios.at(j) - 1) * expected;
    }
}

void LateCrashProcess::crash() {
    for (std::size_t j = 0; j < kRateRatios.size(); ++j) {
        log_placed_.at(j) += kLogRatios.at(j);
    }
}

void LateCrashProcess::restart() {
    place_bet(++bets_, log_placed_);
}

double LateCrashProcess::log_e(double expected) const {
    LateCrashProcess then = *this;
    then.pass(expected);
    return log_of_bets(bets_, then.log_placed_);
}

double log_mean_of(double log_one, double log_other) {
    LogMean mean;
    mean.add(log_one);
    mean.add(log_other);
    return mean.log_mean();
}

double log_e_combined(double log_crash, double log_control, double log_silence) {
    const double largest = std::max({log_crash, log_control, log_silence});
    return largest + portable::log(0.4 * portable::exp(log_crash - largest) +
                                   0.2 * portable::exp(log_control - largest) +
                                   0.4 * portable::exp(log_silence - largest));
}

}  // namespace firebreak::rollout
