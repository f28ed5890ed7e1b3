#include "sensor/sigma/run/edge_table.hpp"

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>
#include <cstring>
#include <span>

namespace firebreak::sigma {
namespace {

/// The eight bytes at the edge as a number, the outermost byte first; zeros where there are fewer.
/// Texts of different keys are in the order of their keys.
std::uint64_t key_of(std::string_view text, EdgeTable::Edge edge) {
    const bool from_start = edge == EdgeTable::Edge::kStart;
    std::array<unsigned char, 8> bytes{};
    const std::size_t count = std::min(text.size(), bytes.size());
    if (from_start) {
        std::memcpy(bytes.data(), text.data(), count);
        return boost::endian::load_big_u64(bytes.data());
    }
    std::memcpy(bytes.data() + bytes.size() - count, text.data() + text.size() - count, count);
    return boost::endian::load_little_u64(bytes.data());
}

/// How many of the keys are less than `key`. Without branches: a search goes right as often as
/// left, so a processor that guesses would be wrong every other time.
std::size_t count_less(std::span<const std::uint64_t> keys, std::uint64_t key) {
    const std::uint64_t* begin = keys.data();
    std::size_t count = keys.size();
    while (count > 0) {
        const std::size_t half = (count + 1) / 2;
        begin += begin[half - 1] < key ? half : 0;
        count -= half;
    }
    return static_cast<std::size_t>(begin - keys.data());
}

}  // namespace

EdgeTable::EdgeTable(const Literals& literals, const std::vector<Wanted>& wanted, Edge edge)
    : edge_(edge) {
    entries_.reserve(wanted.size());
    for (const Wanted& one : wanted) {
        entries_.push_back({.literal = one.literal, .parent = kNone, .whole = one.whole});
    }
    std::ranges::stable_sort(entries_, [&](const Entry& a, const Entry& b) {
        return less(literals.at(a.literal), literals.at(b.literal));
    });
    keys_.reserve(entries_.size());
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        const std::string_view text = literals.at(entries_[i].literal);
        keys_.push_back(key_of(text, edge));
        std::uint32_t parent = i == 0 ? kNone : i - 1;
        while (parent != kNone && !has_edge(text, literals.at(entries_[parent].literal))) {
            parent = entries_[parent].parent;
        }
        entries_[i].parent = parent;
    }
}

bool EdgeTable::less(std::string_view a, std::string_view b) const {
    if (edge_ == Edge::kStart) return a < b;
    const auto byte_less = [](char x, char y) {
        return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    };
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(), byte_less);
}

std::uint32_t EdgeTable::last_not_after(std::string_view value, const Literals& literals) const {
    const std::uint64_t key = key_of(value, edge_);
    auto after = static_cast<std::ptrdiff_t>(count_less(keys_, key));
    const auto begin = keys_.begin() + after;
    if (begin != keys_.end() && *begin == key) {
        const auto end = std::upper_bound(begin, keys_.end(), key);
        const auto of_same_key = entries_.begin() + after;
        const auto found = std::upper_bound(of_same_key, of_same_key + (end - begin), value,
                                            [&](std::string_view text, const Entry& entry) {
                                                return less(text, literals.at(entry.literal));
                                            });
        after = found - entries_.begin();
    }
    return after == 0 ? kNone : static_cast<std::uint32_t>(after - 1);
}

bool EdgeTable::find(std::string_view value, const Literals& literals, Sightings& seen,
                     Budget& budget) const {
    if (entries_.empty()) return true;
    bool found = false;
    for (std::uint32_t at = last_not_after(value, literals); at != kNone;
         at = entries_[at].parent) {
        const Entry& entry = entries_[at];
        const std::string_view text = literals.at(entry.literal);
        // What starts with an entry starts with its parents too.
        found = found || has_edge(value, text);
        if (found && (!entry.whole || value.size() == text.size())) seen.add(entry.literal);
        if (!budget.spend(1 + text.size() / 256)) return false;
    }
    return true;
}

}  // namespace firebreak::sigma
