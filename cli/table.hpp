#pragma once

#include <string>
#include <vector>

namespace firebreak::cli {

/// Rows of text in aligned columns, with a heading.
class Table {
public:
    explicit Table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }

    /// @pre as many cells as the heading has.
    void add(std::vector<std::string> cells);

    std::string render() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

/// "12.5 s", from ten minutes on "6 h 54 min"; "-" for a negative number: never.
std::string duration_text(double seconds);

}  // namespace firebreak::cli
