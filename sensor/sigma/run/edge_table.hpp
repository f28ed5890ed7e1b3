#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/literals.hpp"

namespace firebreak::sigma {

/// Finds those literals that a value starts with, or those that it ends with, by one binary search.
///
/// The literals are sorted (read from the end, where it is about ends). Every literal that a value
/// starts with is the last one not after the value, or starts that one in turn: each literal knows
/// the longest other that it starts with, and so they are a chain.
class EdgeTable {
public:
    enum class Edge : std::uint8_t { kStart, kEnd };

    /// A literal to look for.
    struct Wanted {
        std::uint32_t literal = 0;
        bool whole = false;  ///< The value must be no longer than the literal.
    };

    EdgeTable(const Literals& literals, const std::vector<Wanted>& wanted, Edge edge);

    /// Adds every literal to `seen` that `value` starts (or ends) with.
    ///
    /// @param literals  Those of the constructor.
    /// @returns false when the budget is out: then it may have stopped early.
    bool find(std::string_view value, const Literals& literals, Sightings& seen,
              Budget& budget) const;

    std::size_t memory_bytes() const {
        return keys_.capacity() * 8 + entries_.capacity() * sizeof(Entry);
    }

private:
    struct Entry {
        std::uint32_t literal = 0;
        std::uint32_t parent = 0;  ///< The entry that this one starts with, or kNone.
        bool whole = false;
    };
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    /// The last entry that is not after `value`, or kNone.
    std::uint32_t last_not_after(std::string_view value, const Literals& literals) const;
    bool less(std::string_view a, std::string_view b) const;
    bool has_edge(std::string_view value, std::string_view text) const {
        return edge_ == Edge::kStart ? value.starts_with(text) : value.ends_with(text);
    }

    Edge edge_;
    /// By entry: the eight bytes at the edge. Few values need more to find their place.
    std::vector<std::uint64_t> keys_;
    std::vector<Entry> entries_;
};

}  // namespace firebreak::sigma
