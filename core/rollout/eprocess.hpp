#pragma once

#include <cstdint>

namespace firebreak::rollout {

/// Evidence against a bundle as e-processes: non-negative, at most 1 on average while the bundle is
/// within tolerance, so that by Ville's inequality P(E ever reaches 1/alpha) <= alpha, at every
/// look. All in natural logarithms; doubles.

/// Poisson mixture: sum_j w_j exp(k ln m_j - (m_j - 1) l T) over m in {2,5,10,30,100,1e3,1e4,1e5},
/// equal weights.
///
/// @param crashes         k: distinct devices with a crash attributed to the bundle.
/// @param exposure_hours  T: device-hours since activation, >= 0.
/// @param rate_per_hour   l: the tolerated rate, > 0.
/// @returns ln E. Source: facts on rollout statistics, section 2.5; docs/adr/0003-statistics.md.
double log_e_crash(std::int64_t crashes, double exposure_hours, double rate_per_hour);

/// Bernoulli at the deadline: sum_j w_j (p_j/q0)^k ((1-p_j)/(1-q0))^(n-k) over p in
/// {2q0, 4q0, .05, .1, .2, .35, .5, .7, .9, .99}, equal weights.
///
/// @param failed     k: activations with no HEALTHY by their deadline.
/// @param activated  n: *all* activations, pending ones counted as successes (counting resolved
///                   ones only would not be a martingale: confirmations come early, misses late).
/// @param q0         natural loss tolerated, in (0, 0.25).
/// @returns ln E.
double log_e_silence(std::int64_t failed, std::int64_t activated, double q0);

/// Two-sample: each crash a coin with P(in the new content) = rho under H0; component j multiplies by
/// m_j/(rho m_j + 1 - rho) for a crash in the new content and 1/(rho m_j + 1 - rho) for one in the
/// control.
///
/// @param rho  Share of exposure on the new content, in (0, 1).
/// @returns ln E.
double log_e_control(std::int64_t crashes_new, std::int64_t crashes_control, double rho);

/// ln(0.4 exp(crash) + 0.2 exp(control) + 0.4 exp(silence)): a fixed-weight mean of e-processes is
/// one too, under any dependence.
double log_e_combined(double log_crash, double log_control, double log_silence);

}  // namespace firebreak::rollout
