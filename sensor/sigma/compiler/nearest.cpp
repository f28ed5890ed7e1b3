#include "sensor/sigma/compiler/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace firebreak::sigma {
namespace {

constexpr std::size_t kNameBytesMax = 64;  ///< Longer names are nobody's typing error.

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> names) {
    if (name.size() > kNameBytesMax) return std::nullopt;
    const std::string wanted = lower_case(name);
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const std::string& candidate : names) {
        if (candidate.size() > kNameBytesMax) continue;
        const std::size_t away = distance(wanted, lower_case(candidate));
        if (away >= best_distance) continue;
        best_distance = away;
        best = candidate;
    }
    return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> names) {
    const std::optional<std::string> candidate = nearest(name, names);
    return candidate ? "; did you mean '" + *candidate + "'?" : "";
}

}  // namespace firebreak::sigma
