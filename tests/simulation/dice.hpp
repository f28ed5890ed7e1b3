#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/base/check.hpp"
#include "core/base/random.hpp"

namespace firebreak::simulation {

/// Every choice that a world makes, from its seed alone.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    /// True in `percent` of 100 throws.
    bool percent(std::uint64_t percent) { return random_.below(100) < percent; }
    /// Uniform in [least, most].
    std::int64_t between(std::int64_t least, std::int64_t most) {
        FIREBREAK_CHECK(least <= most);
        const auto span = static_cast<std::uint64_t>(most - least) + 1;
        return least + static_cast<std::int64_t>(random_.below(span));
    }
    std::chrono::milliseconds between(std::chrono::milliseconds least,
                                      std::chrono::milliseconds most) {
        return std::chrono::milliseconds{between(least.count(), most.count())};
    }
    std::size_t index(std::size_t count) { return random_.below(count); }
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[index(from.size())];
    }
    std::uint64_t number() { return random_.below(UINT64_MAX); }

private:
    SeededRandom random_;
};

}  // namespace firebreak::simulation
