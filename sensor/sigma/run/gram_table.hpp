#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/literals.hpp"

namespace firebreak::sigma {

/// Finds literals anywhere in a value, in one pass over it, however many literals there are.
///
/// Each literal is known by one of its grams: so many bytes in a row, chosen as those that the
/// fewest literals share. For each place in a value, a bitmap that stays in the first-level cache
/// says whether the gram there is anybody's; it seldom is. If so, the few literals with that gram
/// are compared.
///
/// @tparam Gram  std::uint32_t, or std::uint16_t for literals that are too short for it.
template <class Gram>
class GramTable {
public:
    /// @pre each of `wanted` is at least as long as a gram.
    GramTable(const Literals& literals, const std::vector<std::uint32_t>& wanted);

    /// Adds every literal to `seen` that is in `value`.
    ///
    /// @param literals  Those of the constructor.
    /// @returns false when the budget is out: then it may have stopped early.
    bool find(std::string_view value, const Literals& literals, Sightings& seen,
              Budget& budget) const;

    std::size_t memory_bytes() const;

private:
    /// A gram of a literal, and where in the literal it is.
    struct Entry {
        Gram gram = 0;
        std::uint32_t literal = 0;
        std::uint32_t offset = 0;
    };

    static std::vector<Entry> choose_grams(const Literals& literals,
                                           const std::vector<std::uint32_t>& wanted);
    void compare(Gram gram, std::string_view value, std::size_t at, const Literals& literals,
                 Sightings& seen) const;

    unsigned bucket_bits_ = 0;
    std::vector<std::uint64_t> bitmap_;        ///< By the grams' hashes.
    std::vector<std::uint32_t> bucket_begin_;  ///< One more than there are buckets.
    std::vector<Entry> entries_;               ///< By bucket.
};

extern template class GramTable<std::uint32_t>;
extern template class GramTable<std::uint16_t>;

}  // namespace firebreak::sigma
