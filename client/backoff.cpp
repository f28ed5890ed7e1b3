#include "client/backoff.hpp"

#include <algorithm>

namespace firebreak::client {

std::chrono::milliseconds jittered(std::chrono::seconds interval, Random& random) {
    const std::int64_t whole = std::chrono::milliseconds{interval}.count();
    const auto spread = static_cast<std::uint64_t>(whole / 2) + 1;
    return std::chrono::milliseconds{whole - whole / 4 +
                                     static_cast<std::int64_t>(random.below(spread))};
}

std::chrono::milliseconds Backoff::next(Random& random) {
    constexpr int kDoublingsMax = 20;  // Past kMost long before it overflows.
    failures_ = std::min(failures_ + 1, kDoublingsMax);
    const std::chrono::milliseconds ceiling =
        std::min(kMost, kFirst * (std::int64_t{1} << static_cast<unsigned>(failures_)));
    const std::uint64_t drawn = random.below(static_cast<std::uint64_t>(ceiling.count()) + 1);
    return std::max(kLeast, std::chrono::milliseconds{static_cast<std::int64_t>(drawn)});
}

}  // namespace firebreak::client
