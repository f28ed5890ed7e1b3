#include "cli/table.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace firebreak::cli {

void Table::add(std::vector<std::string> cells) {
    FIREBREAK_CHECK(cells.size() == rows_.front().size());
    rows_.push_back(std::move(cells));
}

std::string Table::render() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            line.append(widths[i] - row[i].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string duration_text(double seconds) {
    if (seconds < 0) return "-";
    std::string text(32, '\0');
    const auto whole = static_cast<long long>(seconds);
    const int length = whole < 600 ? std::snprintf(text.data(), text.size(), "%.1f s", seconds)
                                   : std::snprintf(text.data(), text.size(), "%lld h %02lld min",
                                                   whole / 3600, whole / 60 % 60);
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace firebreak::cli
