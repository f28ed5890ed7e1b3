#include "core/rollout/tally.hpp"

#include <algorithm>

namespace firebreak::rollout {

using std::chrono::milliseconds;

double DeviceTime::hours(milliseconds now) const {
    using Hours = std::chrono::duration<double, std::ratio<3600>>;
    return std::max(0.0, Hours(ended + running * now - running_since).count());
}

void Tally::count(const Exposure& exposure, milliseconds began, milliseconds resolved,
                  std::int64_t sign) {
    activated += sign;
    if (exposure.forgiven) forgiven += sign;
    if (exposure.outcome == DeviceOutcome::kPending) pending += sign;
    if (exposure.outcome == DeviceOutcome::kFailed) failed += sign;
    if (!exposure.once_confirmed && !exposure.forgiven) unconfirmed += sign;
    if (exposure.once_confirmed) once_confirmed += sign;

    if (exposure.outcome == DeviceOutcome::kConfirmed) {
        confirmed += sign;
        clean.running += sign;
        clean.running_since += sign * began;
    }
    if (exposure.crashed) {
        at_risk.ended += sign * (resolved - began);
    } else {
        at_risk.running += sign;
        at_risk.running_since += sign * began;
    }
    if (exposure.outcome == DeviceOutcome::kFailed && !exposure.forgiven) {
        (exposure.crashed ? crashed : silent) += sign;
    }
}

void Tally::pass_deadline() {
    --pending;
    ++failed;
    ++silent;
}

std::int64_t Tally::filling(double silence_q0) const {
    const auto tolerated =
        static_cast<std::int64_t>(silence_q0 * static_cast<double>(once_confirmed));
    return unconfirmed - std::min(silent, tolerated);
}

}  // namespace firebreak::rollout
