#include "core/rollout/portable_math.hpp"

#include <bit>
#include <cfloat>
#include <cstdint>
#include <limits>

#include "core/base/check.hpp"

namespace firebreak::rollout::portable {
namespace {

static_assert(std::numeric_limits<double>::is_iec559);
static_assert(FLT_EVAL_METHOD == 0, "operations on double must round to double");

constexpr int kFractionBits = 52;
constexpr int kBias = 1023;
constexpr std::uint64_t kFraction = (std::uint64_t{1} << kFractionBits) - 1;

/// ln 2 in two parts: the first has its last 21 bits clear, so that times an exponent it is exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;

/// x = fraction 2^exponent, fraction in [1, 2).
struct Parts {
    double fraction;
    int exponent;
};

Parts split(double x) {
    // A subnormal has no implicit one: it is scaled up first, exactly.
    const bool tiny = x < DBL_MIN;
    const auto bits = std::bit_cast<std::uint64_t>(tiny ? x * 0x1p54 : x);
    const int exponent = static_cast<int>(bits >> kFractionBits) - kBias;
    const std::uint64_t one = std::uint64_t{kBias} << kFractionBits;
    return {std::bit_cast<double>((bits & kFraction) | one), tiny ? exponent - 54 : exponent};
}

/// 2^exponent. @pre -1022 <= exponent <= 1023.
double power_of_two(int exponent) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kBias) << kFractionBits);
}

}  // namespace

double log(double x) {
    FIREBREAK_CHECK(x > 0 && x <= DBL_MAX);
    auto [m, k] = split(x);
    if (m >= kSqrt2) {
        m *= 0.5;
        ++k;
    }
    // |s| <= 0.1716, so the 12th term is under 2^-60 of the first.
    const double f = m - 1;
    const double s = f / (m + 1);
    const double z = s * s;
    double series = 0;
    for (int term = 12; term >= 1; --term) series = z * (series + 1.0 / (2 * term + 1));
    // 2 s (1 + series) = f - s f + 2 s series, and f is exact.
    const double rest = 2 * s * series - s * f;
    return k * kLn2High + (f + (rest + k * kLn2Low));
}

double log1p(double x) {
    FIREBREAK_CHECK(x > -1 && x <= DBL_MAX);
    const double u = 1 + x;
    if (u == 1) return x;
    if (u == x) return log(x);
    return log(u) * (x / (u - 1));
}

double exp(double x) {
    FIREBREAK_CHECK(x <= 709);
    if (x < -708) return 0;
    const double scaled = x * 0x1.71547652b82fep+0;  // 1 / ln 2
    const int k = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    const double r = (x - k * kLn2High) - k * kLn2Low;
    double series = 0;
    for (int term = 14; term >= 1; --term) series = r / term * (1 + series);
    return (1 + series) * power_of_two(k);
}

}  // namespace firebreak::rollout::portable
