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

/// The same for crashes that begin late. Whatever ran well for long counts for the bundle in
/// log_e_crash, and a date that arrives when a fleet has it would first have to outweigh that; so a
/// new bet is placed at each restart(), the i-th of weight 1 / (i (i + 1)). The weights of all bets
/// sum to 1, and one not yet placed is worth its weight: a mixture over the beginning of the harm,
/// and so an e-process for every true rate <= l (Shin, Ramdas, Rinaldo, arXiv 2203.03532, section
/// 2), where an e-CUSUM would bound the time between false alarms only.
class LateCrashProcess {
public:
    /// Device-hours at risk, times the tolerated rate per hour. Hours before the crashes in them.
    void pass(double expected);
    void crash();

    /// Places the next bet. To be called before the crashes that it is about are known.
    void restart();

    /// ln E after pass(expected); 0 before any bet.
    double log_e(double expected) const;

    friend bool operator==(const LateCrashProcess&, const LateCrashProcess&) = default;

private:
    std::int64_t bets_ = 0;
    std::array<double, kRateRatios.size()> log_placed_{};  ///< ln of the weighted sum of the bets.
};

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

/// The same for one q0, whose logarithms are taken once: it is asked for with every report.
class SilenceProcess {
public:
    explicit SilenceProcess(double q0);
    double log_e(std::int64_t failed, std::int64_t activated) const;

    friend bool operator==(const SilenceProcess&, const SilenceProcess&) = default;

private:
    static constexpr std::size_t kCandidates = 10;
    std::array<double, kCandidates> log_of_miss_{};   ///< ln(p_j/q0)
    std::array<double, kCandidates> log_of_other_{};  ///< ln((1-p_j)/(1-q0))
};

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

/// Two-sample, for devices that fall silent after they were heard: each loss is a coin as in
/// ControlProcess, where rho is the share of the devices heard before that run the new content.
/// Valid as long as a device on the new content is at most kLossRatioTolerated times as likely to
/// fall silent as one of the control at the same time: the two are never quite alike. Against that
/// tolerance r, component j multiplies by
///     (a / (rho a + 1 - rho)) / (r / (rho r + 1 - rho))   for a loss in the new content,
///     (1 / (rho a + 1 - rho)) / (1 / (rho r + 1 - rho))   for one in the control,   a = r m_j.
///
/// Nights, in which half a fleet falls silent in both samples, would bury what comes after them; so
/// a new bet is placed at each restart(), the i-th of weight 1 / (i (i + 1)). The weights of all
/// bets sum to 1, and one not yet placed is worth its weight: a mixture over the beginning of the
/// harm, and so an e-process (Shin, Ramdas, Rinaldo, arXiv 2203.03532, section 2).
class LossProcess {
public:
    /// Of the devices heard before, these fell silent at about the same time. Drawing them without
    /// replacement is less variable than the coins, which keeps the bound (Hoeffding 1963).
    /// @param rho  in (0, 1).  @param lost_new  and lost_control: >= 0.
    void lose(double rho, std::int64_t lost_new, std::int64_t lost_control);

    /// Places the next bet. To be called before the losses that it is about are known.
    void restart();

    /// ln E; 0 before any bet.
    double log_e() const;

    friend bool operator==(const LossProcess&, const LossProcess&) = default;

private:
    std::int64_t bets_ = 0;
    std::array<double, kRateRatios.size()> log_placed_{};  ///< ln of the weighted sum of the bets.
};

/// How much likelier a device may be to fall silent with the new content than without.
inline constexpr double kLossRatioTolerated = 2;

/// ln(0.4 exp(crash) + 0.2 exp(control) + 0.4 exp(silence)): a fixed-weight mean of e-processes is
/// one too, under any dependence.
double log_e_combined(double log_crash, double log_control, double log_silence);

/// ln of the mean of two e-processes, which is one.
double log_mean_of(double log_one, double log_other);

/// ln(sum of exp(x_i)), stable for any finite x; that of none is -1e300, ln 0 as near as it gets.
class LogSum {
public:
    void add(double log_value);
    double log_sum() const;

private:
    double largest_ = -1e300;
    double sum_ = 0;  ///< Of exp(x_i - largest_).
};

/// ln(mean of exp(x_i)), for rings of equal weight. @pre count > 0.
class LogMean {
public:
    void add(double log_value);
    double log_mean() const;

private:
    LogSum sum_;
    std::int64_t count_ = 0;
};

}  // namespace firebreak::rollout
