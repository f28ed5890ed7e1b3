#include "cli/simulate/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "core/content/printable.hpp"

namespace firebreak::cli {
namespace {

// The picture, and within it the field that lines are drawn in, in pixels.
constexpr double kWidth = 960;
constexpr double kHeight = 520;
constexpr double kLeft = 80;
constexpr double kRight = 760;
constexpr double kTop = 40;
constexpr double kBottom = 450;

/// One line of the chart. Colours of Okabe and Ito, which are told apart by people who see fewer.
struct Series {
    std::string_view name;
    std::int64_t Course::Point::*count;
    std::string_view look;
};
constexpr std::array kSeries{
    Series{"exposed", &Course::Point::exposed,
           "stroke='#666666' stroke-width='2' stroke-dasharray='2 3'"},
    Series{"activated", &Course::Point::activated,
           "stroke='#0072b2' stroke-width='2' stroke-dasharray='8 4'"},
    Series{"confirmed", &Course::Point::confirmed, "stroke='#009e73' stroke-width='2'"},
    Series{"harmed", &Course::Point::harmed, "stroke='#d55e00' stroke-width='5'"}};

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : content::shown(text)) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '>': safe += "&gt;"; break;
            case '"': safe += "&quot;"; break;
            case '\'': safe += "&#39;"; break;
            default: safe += c;
        }
    }
    return safe;
}

/// To the tenth of a pixel.
std::string px(double value) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::string time_label(double seconds) {
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole == 0) return "0";
    if (whole % 86'400 == 0) return std::to_string(whole / 86'400) + " d";
    if (whole % 3600 == 0) return std::to_string(whole / 3600) + " h";
    if (whole % 60 == 0) return std::to_string(whole / 60) + " min";
    return std::to_string(whole) + " s";
}

/// 1,000,000.
std::string devices_label(std::int64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

std::string text_at(double x, double y, std::string_view more, const std::string& text) {
    return "<text x='" + px(x) + "' y='" + px(y) + "' " + std::string(more) + ">" + text +
           "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, std::string_view look) {
    return "<line x1='" + px(x1) + "' y1='" + px(y1) + "' x2='" + px(x2) + "' y2='" + px(y2) +
           "' " + std::string(look) + "/>\n";
}

std::string name_of(const Course::Mark& mark) {
    switch (mark.kind) {
        case Course::Mark::Kind::kRingOpened: return "ring " + mark.ring;
        case Course::Mark::Kind::kHeld: return "held";
        case Course::Mark::Kind::kHalted: return "halted";
        case Course::Mark::Kind::kComplete: return "complete";
    }
    return {};
}

class Picture {
public:
    explicit Picture(const Chart& chart);
    std::string svg() const;

private:
    double x(double seconds) const { return kLeft + (kRight - kLeft) * seconds / times_.back(); }
    double y(std::int64_t devices) const {
        const double top = std::log1p(static_cast<double>(devices_.back()));
        return kBottom - (kBottom - kTop) * std::log1p(static_cast<double>(devices)) / top;
    }
    std::string title() const;
    std::string description() const;
    std::string axes() const;
    std::string marks() const;
    std::string lines() const;
    std::string legend() const;

    const Chart& chart_;
    std::vector<Course::Point> points_;
    std::vector<double> times_;
    std::vector<std::int64_t> devices_;
};

Picture::Picture(const Chart& chart) : chart_(chart), points_(chart.course.points()) {
    if (points_.empty()) points_.emplace_back();
    std::int64_t most = 0;
    for (const Course::Point& point : points_) {
        for (const Series& series : kSeries) most = std::max(most, point.*series.count);
    }
    times_ = time_ticks(points_.back().seconds);
    devices_ = device_ticks(most);
}

std::string Picture::title() const {
    return "Rollout of plan " + escaped(chart_.plan) + " to fleet " + escaped(chart_.fleet) +
           ", incident " + escaped(chart_.incident);
}

/// All that the picture shows, in words.
std::string Picture::description() const {
    std::string text = escaped(chart_.run) + ". Devices over time, on a logarithmic scale. After " +
                       duration_text(points_.back().seconds) + ":";
    for (const Series& series : kSeries) {
        text += " " + devices_label(points_.back().*series.count) + " " + std::string(series.name) +
                (&series == &kSeries.back() ? "." : ",");
    }
    for (const Course::Mark& mark : chart_.course.marks()) {
        text += " After " + duration_text(mark.seconds) + ": " + escaped(name_of(mark)) + ".";
    }
    return text;
}

std::string Picture::axes() const {
    std::string text;
    for (const std::int64_t devices : devices_) {
        text += line(kLeft, y(devices), kRight, y(devices), "stroke='#e0e0e0'");
        text += text_at(kLeft - 8, y(devices) + 4, "text-anchor='end'", devices_label(devices));
    }
    for (const double seconds : times_) {
        text += line(x(seconds), kBottom, x(seconds), kBottom + 6, "stroke='#333333'");
        text += text_at(x(seconds), kBottom + 22, "text-anchor='middle'", time_label(seconds));
    }
    text += line(kLeft, kBottom, kRight, kBottom, "stroke='#333333'");
    text += line(kLeft, kTop, kLeft, kBottom, "stroke='#333333'");
    text += text_at((kLeft + kRight) / 2, kBottom + 46, "text-anchor='middle'",
                    "time since publication");
    text += text_at(kLeft - 60, kTop - 18, "", "devices (logarithmic)");
    return text;
}

/// Upright lines, each with its name along it; names of lines that are close to each other move
/// apart.
std::string Picture::marks() const {
    constexpr double kApart = 14;
    std::string text;
    double free_from = kLeft;
    for (const Course::Mark& mark : chart_.course.marks()) {
        const bool stops =
            mark.kind == Course::Mark::Kind::kHeld || mark.kind == Course::Mark::Kind::kHalted;
        const std::string colour = stops ? "#b00020" : "#333333";
        const double at = x(mark.seconds);
        text += line(at, kTop, at, kBottom,
                     "stroke='" + colour + "' stroke-dasharray='" + (stops ? "6 2'" : "1 3'"));
        const double label = std::max(at + kApart - 2, free_from + kApart);
        free_from = label;
        text += text_at(label, kTop + 6,
                        "text-anchor='end' fill='" + colour + "' transform='rotate(-90 " +
                            px(label) + " " + px(kTop + 6) + ")'",
                        escaped(name_of(mark)));
    }
    return text;
}

/// Counts stand until they change, so lines go in steps. What is above all else in the legend is
/// drawn last, thin and dashed, so that lines on the same counts all show.
std::string Picture::lines() const {
    std::string text;
    for (auto series = kSeries.rbegin(); series != kSeries.rend(); ++series) {
        text += "<polyline fill='none' stroke-linejoin='round' " + std::string(series->look) +
                " points='";
        double height = y(points_.front().*series->count);
        for (const Course::Point& point : points_) {
            const double next = y(point.*series->count);
            const std::string at = px(x(point.seconds)) + ",";
            if (px(next) != px(height)) text += at + px(height) + " ";
            text += at + px(next) + " ";
            height = next;
        }
        text.back() = '\'';
        text += "/>\n";
    }
    return text;
}

/// Each line's name and how it looks, and where it ended.
std::string Picture::legend() const {
    constexpr double kStep = 40;
    std::string text;
    double at = kTop + 20;
    for (const Series& series : kSeries) {
        text += line(kRight + 24, at, kRight + 60, at, series.look);
        text += text_at(kRight + 70, at + 4, "", std::string(series.name));
        text += text_at(kRight + 70, at + 20, "fill='#555555'",
                        devices_label(points_.back().*series.count));
        at += kStep;
    }
    return text;
}

std::string Picture::svg() const {
    return "<svg xmlns='http://www.w3.org/2000/svg' role='img' aria-labelledby='title desc' "
           "viewBox='0 0 " +
           px(kWidth) + " " + px(kHeight) +
           "' font-family='system-ui, sans-serif' font-size='13' fill='#222222'>\n"
           "<title id='title'>" +
           title() + "</title>\n<desc id='desc'>" + description() +
           "</desc>\n<rect width='100%' height='100%' fill='#ffffff'/>\n" + axes() + marks() +
           lines() + legend() +
           text_at(kLeft, kHeight - 8, "", title() + "; " + escaped(chart_.run)) + "</svg>\n";
}

}  // namespace

Result<ChartForm> chart_form(const std::string& path) {
    if (path.ends_with(".svg")) return ChartForm::kSvg;
    if (path.ends_with(".html")) return ChartForm::kHtml;
    return fail(Errc::kBadInput, path + ": a chart is an .svg or an .html file");
}

std::vector<double> time_ticks(double seconds_most) {
    constexpr int kSteps = 8;
    double step = 0;
    for (const double candidate : {10., 15., 30., 60., 120., 300., 600., 900., 1800., 3600., 7200.,
                                   10'800., 21'600., 43'200., 86'400.}) {
        step = candidate;
        if (step * kSteps >= seconds_most) break;
    }
    while (step * kSteps < seconds_most) step *= 2;
    std::vector<double> ticks{0};
    while (ticks.size() < 2 || ticks.back() < seconds_most) ticks.push_back(ticks.back() + step);
    return ticks;
}

std::vector<std::int64_t> device_ticks(std::int64_t most) {
    std::vector<std::int64_t> ticks{0, 1};
    while (ticks.back() < most) ticks.push_back(ticks.back() * 10);
    return ticks;
}

std::string chart_svg(const Chart& chart) {
    return Picture(chart).svg();
}

std::string chart_html(const Chart& chart) {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n<title>Simulated rollout</title>\n<style>\n"
        "body { font-family: system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; }\n"
        "svg { width: 100%; height: auto; }\n"
        "th, td { text-align: left; padding: 0.2rem 1.5rem 0.2rem 0; }\n"
        "</style>\n</head>\n<body>\n<h1>Simulated rollout</h1>\n" +
        chart_svg(chart) + "<table>\n<caption>All runs</caption>\n";
    for (std::size_t row = 0; row < chart.table.size(); ++row) {
        page += "<tr>";
        for (std::size_t cell = 0; cell < chart.table[row].size(); ++cell) {
            const std::string tag = row == 0 || cell == 0 ? "th" : "td";
            page += "<" + tag + ">" + escaped(chart.table[row][cell]) + "</" + tag + ">";
        }
        page += "</tr>\n";
    }
    return page + "</table>\n</body>\n</html>\n";
}

}  // namespace firebreak::cli
