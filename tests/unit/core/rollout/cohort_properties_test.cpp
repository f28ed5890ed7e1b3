// Who is in a cohort: for any bundle and any thresholds.

#include <cmath>

#include "tests/unit/core/rollout/properties.hpp"

namespace firebreak::rollout {
namespace {

using namespace firebreak::rollout::test;

constexpr int kDevices = 1000;

Sha256 any_bundle() {
    return sha256(bytes_of(std::to_string(*rc::gen::arbitrary<std::uint64_t>())));
}

std::string id(int number) {
    return "device-" + std::to_string(number);
}

RC_GTEST_PROP(CohortProperty, RaisingTheThresholdKeepsEverybodyIn, ()) {
    Rollout rollout({"yara", 7}, any_bundle(), three_rings());
    rollout.apply({kStart, Started{}});
    rollout.apply({kStart, RingOpened{"lab"}});
    std::vector<bool> in(50, false);
    for (const std::int64_t threshold : *rc::gen::container<std::vector<std::int64_t>>(
             rc::gen::inRange<std::int64_t>(0, kPpbAll))) {
        rollout.apply({kStart, Widened{"lab", 5, threshold}});
        for (std::size_t i = 0; i < in.size(); ++i) {
            const bool now_in = rollout.may_activate(id(static_cast<int>(i)), "lab");
            RC_ASSERT(now_in || !in[i]);
            in[i] = now_in;
        }
    }
}

/// Within five standard deviations: one case in a million would be outside by chance.
RC_GTEST_PROP(CohortProperty, TakesInTheShareThatTheThresholdSays, ()) {
    const Sha256 bundle = any_bundle();
    const auto threshold = *rc::gen::inRange<std::int64_t>(0, kPpbAll + 1);
    int in = 0;
    for (int i = 0; i < kDevices; ++i) {
        const std::int64_t place = bucket(bundle, id(i));
        RC_ASSERT(place >= 0 && place < kPpbAll);
        in += place < threshold ? 1 : 0;
    }
    const double share = static_cast<double>(threshold) / static_cast<double>(kPpbAll);
    const double deviation = std::sqrt(kDevices * share * (1 - share));
    RC_ASSERT(std::abs(in - kDevices * share) <= 5 * deviation + 1);
}

/// Who is in the first half for one bundle is in it for another as if by the toss of a coin.
RC_GTEST_PROP(CohortProperty, AnotherBundleShufflesEverybodyAnew, ()) {
    const Sha256 one = any_bundle();
    const Sha256 other = any_bundle();
    RC_PRE(one != other);
    int both = 0;
    for (int i = 0; i < kDevices; ++i) {
        const bool first = bucket(one, id(i)) < kPpbAll / 2;
        both += first && bucket(other, id(i)) < kPpbAll / 2 ? 1 : 0;
    }
    RC_ASSERT(std::abs(both - kDevices / 4) <= 5 * std::sqrt(kDevices * 0.25 * 0.75));
}

}  // namespace
}  // namespace firebreak::rollout
