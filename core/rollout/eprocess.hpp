#pragma once

#include <array>
#include <cstdint>

namespace firebreak::rollout {

/// Evidence against a bundle as e-processes: non-negative, at most 1 on average while the bundle is
/// within tolerance, so that by Ville's inequality P(E ever reaches 1/alpha) <= alpha, at every
/// look. All in natural logarithms; doubles.
///
/// Formulas, and why these: docs/adr/0003-statistics.md.
/// Tests: tests/unit/core/rollout/eprocess_test.cpp

/// How much worse than tolerated a component of the mixtures takes the bundle to be.
inline constexpr std::array<double, 8> kRateRatios{2, 5, 10, 30, 100, 1e3, 1e4, 1e5};

/// Poisson mixture: sum_j w_j exp(k ln m_j - (m_j - 1) l T) over m in kRateRatios, equal weights.
/// Valid for every true rate <= l.
///
/// @param crashes         k: distinct devices with a crash attributed to the bundle, >= 0.
/// @param exposure_hours  T: device-hours at risk since activation, >= 0. Counting too much is
///                        valid (E gets smaller), counting too little is not.
/// @param rate_per_hour   l: the tolerated rate, > 0.
/// @returns ln E.
double log_e_crash(std::int64_t crashes, double exposure_hours, double rate_per_hour);

/// Bernoulli at the deadline: sum_j w_j (p_j/q0)^k ((1-p_j)/(1-q0))^(n-k) over p in
/// {2q0, 4q0, .05, .1, .2, .35, .5, .7, .9, .99}, equal weights. Valid for every true loss <= q0; a
/// p_j below q0 would break that, so it is raised to q0, where its component stays 1.
///
/// @param failed     k: activations with no HEALTHY by their deadline, 0 <= k <= n.
/// @param activated  n: *all* activations, pending ones counted as successes (counting resolved
///                   ones only would not be a martingale: confirmations come early, misses late).
/// @param q0         natural loss tolerated, in (0, 0.25).
/// @returns ln E.
double log_e_silence(std::int64_t failed, std::int64_t activated, double q0);

/// Two-sample: each crash is a coin with P(in the new content) = rho under H0, whatever the crash
/// rate of the day is. Component j multiplies by m_j/(rho m_j + 1 - rho) for a crash in the new
/// content and 1/(rho m_j + 1 - rho) for one in the control.
///
/// rho is the share of devices at risk that run the new content *at that crash*; it moves while a
/// rollout widens, so the factors are collected crash by crash.
class ControlProcess {
public:
    /// @param rho  in (0, 1).  @param crashes  how many at this rho, >= 0.
    void crash_in_new(double rho, std::int64_t crashes = 1);
    void crash_in_control(double rho, std::int64_t crashes = 1);

    /// ln E; 0 before any crash.
    double log_e() const;

    friend bool operator==(const ControlProcess&, const ControlProcess&) = default;

private:
    std::array<double, kRateRatios.size()> log_components_{};
};

/// The same for one rho throughout.
double log_e_control(std::int64_t crashes_new, std::int64_t crashes_control, double rho);

/// ln(0.4 exp(crash) + 0.2 exp(control) + 0.4 exp(silence)): a fixed-weight mean of e-processes is
/// one too, under any dependence.
double log_e_combined(double log_crash, double log_control, double log_silence);

/// ln(mean of exp(x_i)), for segments of equal weight; stable for any finite x. @pre count > 0.
class LogMean {
public:
    void add(double log_value);
    double log_mean() const;

private:
    double largest_ = 0;
    double sum_ = 0;  ///< Of exp(x_i - largest_).
    std::int64_t count_ = 0;
};

}  // namespace firebreak::rollout
