#include "core/rollout/portable_math.hpp"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

#include "core/base/digest.hpp"
#include "core/rollout/eprocess.hpp"

namespace firebreak::rollout {
namespace {

/// Uniform in [low, high), the same on every platform.
class Uniform {
public:
    double operator()(double low, double high) {
        return low + (high - low) * (static_cast<double>(engine_() >> 11U) * 0x1p-53);
    }

private:
    std::mt19937_64 engine_{20240719};
};

/// How far `value` is from `truth`, in units in the last place of `value`.
double ulps(double value, long double truth) {
    const double unit = std::nextafter(std::abs(value), INFINITY) - std::abs(value);
    return static_cast<double>(std::abs(static_cast<long double>(value) - truth)) / unit;
}

constexpr int kDraws = 200'000;

TEST(PortableMath, LogIsRightToTwoUnits) {
    Uniform uniform;
    for (int i = 0; i < kDraws; ++i) {
        const double x = std::exp(uniform(-700, 700));
        ASSERT_LE(ulps(portable::log(x), std::log(static_cast<long double>(x))), 2) << x;
        const double near_one = uniform(0.5, 2);
        ASSERT_LE(ulps(portable::log(near_one), std::log(static_cast<long double>(near_one))), 2)
            << near_one;
    }
}

TEST(PortableMath, Log1pIsRightToThreeUnits) {
    Uniform uniform;
    for (int i = 0; i < kDraws; ++i) {
        const double x = std::exp(uniform(-40, 40)) * (i % 2 == 0 ? 1 : -1);
        if (x <= -1) continue;
        ASSERT_LE(ulps(portable::log1p(x), std::log1p(static_cast<long double>(x))), 3) << x;
    }
}

TEST(PortableMath, ExpIsRightToTwoUnits) {
    Uniform uniform;
    for (int i = 0; i < kDraws; ++i) {
        const double x = i % 2 == 0 ? uniform(-708, 709) : uniform(-1, 1);
        ASSERT_LE(ulps(portable::exp(x), std::exp(static_cast<long double>(x))), 2) << x;
    }
}

TEST(PortableMath, KnowsTheEdges) {
    EXPECT_EQ(portable::log(1), 0);
    EXPECT_EQ(portable::log1p(0), 0);
    EXPECT_EQ(portable::exp(0), 1);
    EXPECT_EQ(portable::exp(-709), 0);
    EXPECT_EQ(portable::exp(-1e300), 0);
    EXPECT_LE(ulps(portable::log(5e-324), std::log(static_cast<long double>(5e-324))), 2);
    EXPECT_LE(ulps(portable::log(1.7976931348623157e308), std::log(1.7976931348623157e308L)), 2);
    EXPECT_LE(ulps(portable::log1p(1e300), std::log1p(1e300L)), 2);
    EXPECT_EQ(portable::log1p(1e-300), 1e-300);
}

TEST(PortableMathDeathTest, RefusesWhatHasNoLogarithm) {
    EXPECT_DEATH(portable::log(0), "check failed");
    EXPECT_DEATH(portable::log(-1), "check failed");
    EXPECT_DEATH(portable::log(INFINITY), "check failed");
    EXPECT_DEATH(portable::log1p(-1), "check failed");
    EXPECT_DEATH(portable::exp(NAN), "check failed");
    EXPECT_DEATH(portable::exp(710), "check failed");
}

/// Digests the bits of many results. The digests below were made by gcc 12 at -O0 and hold for
/// clang, for -O3 and for every machine with IEEE doubles; a change of them is a change of what old
/// logs replay to.
class Bits {
public:
    void add(double value) {
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (int byte = 0; byte < 8; ++byte) {
            text_.push_back(static_cast<char>((bits >> (8 * byte)) & 0xff));
        }
    }
    std::string hex() const { return sha256(bytes_of(text_)).hex(); }

private:
    std::string text_;
};

TEST(PortableMath, GivesTheSameBitsEverywhere) {
    Uniform uniform;
    Bits bits;
    for (int i = 0; i < 10'000; ++i) {
        bits.add(portable::log(uniform(1e-9, 1e9)));
        bits.add(portable::log1p(uniform(-0.999, 3)));
        bits.add(portable::exp(uniform(-700, 700)));
    }
    EXPECT_EQ(bits.hex(), "1bc1554dd7952419b534a13b1aeace9829995f60414bc37d5260dfffe9ade1bd");
}

TEST(PortableMath, MakesEvidenceTheSameEverywhere) {
    Uniform uniform;
    Bits bits;
    for (int i = 0; i < 2'000; ++i) {
        // One by one: the order of a call's arguments is not the same everywhere.
        const auto failed = static_cast<std::int64_t>(uniform(0, 20));
        const auto healthy = static_cast<std::int64_t>(uniform(0, 5000));
        const double hours = uniform(0, 1e6);
        const double rate = uniform(1e-6, 1e-3);
        const double q0 = uniform(0.0001, 0.2);
        const double rho = uniform(0.001, 0.999);
        bits.add(log_e_crash(failed, hours, rate));
        bits.add(log_e_silence(failed, failed + healthy, q0));
        bits.add(log_e_control(failed, failed / 2, rho));
    }
    EXPECT_EQ(bits.hex(), "6b3926ea560910c9b3448693e56b172ca6b34dd995eff7ef75de4028968dc8fd");
}

}  // namespace
}  // namespace firebreak::rollout
