#pragma once

namespace firebreak {

/// The smallest value in [low, high] for which `holds`, by halving.
///
/// @param holds  false up to some value and true from there on, as far as halving can tell; it is
///   not asked for `high`, which is the answer when it holds for nothing less.
/// @returns `high` when low > high.
template <class Number, class Holds>
Number smallest(Number low, Number high, const Holds& holds) {
    while (low < high) {
        const Number middle = low + (high - low) / 2;
        if (holds(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return high;
}

}  // namespace firebreak
