#pragma once

#include <string>
#include <vector>

#include "cli/simulate/course.hpp"
#include "core/base/error.hpp"

namespace firebreak::cli {

enum class ChartForm { kSvg, kHtml };

/// @returns the form that the name of the file asks for, or Errc::kBadInput: neither .svg nor
///   .html.
[[nodiscard]] Result<ChartForm> chart_form(const std::string& path);

/// What a chart of a run shows.
struct Chart {
    std::string plan;
    std::string fleet;
    std::string incident;
    std::string run;  ///< Which run this is: "run 17 of 100, the median by harm".
    Course course{};
    std::vector<std::vector<std::string>> table{};  ///< Of all runs; the first row is the heading.
};

/// Marks of an axis, from 0 to the first at or above `most`.
std::vector<double> time_ticks(double seconds_most);
/// 0, 1, 10, 100, … : devices are drawn by the logarithm of one more, as a few harmed are to be
/// seen beside millions exposed.
std::vector<std::int64_t> device_ticks(std::int64_t most);

/// An SVG image that needs nothing else: no script, no style sheet, no font of its own. It has a
/// title and a description for those who do not see it, and tells its lines apart by dashes as
/// well as by colour. Names from files are escaped.
std::string chart_svg(const Chart& chart);

/// A page with that image and the table. It may load and run nothing (Content-Security-Policy).
std::string chart_html(const Chart& chart);

}  // namespace firebreak::cli
