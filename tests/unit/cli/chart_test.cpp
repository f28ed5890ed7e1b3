// Charts of simulated rollouts: what is drawn, that names from files stay text, and ticks. Whether
// the image is well-formed is for a parser to say: tests/system/simulate_chart_test.py.

#include "cli/simulate/chart.hpp"

#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/simulate/simulate.hpp"

namespace firebreak::cli {
namespace {

Chart small_chart() {
    Chart chart{
        .plan = "default", .fleet = "ten-thousand", .incident = "boot-loop", .run = "run 1 of 1"};
    chart.course.add({.seconds = 0});
    chart.course.add({.seconds = 90, .exposed = 500, .activated = 20, .confirmed = 7, .harmed = 5});
    chart.course.mark({.seconds = 0, .kind = Course::Mark::Kind::kRingOpened, .ring = "vendor"});
    chart.course.mark({.seconds = 80, .kind = Course::Mark::Kind::kHalted});
    chart.table = {{"", "median", "most"}, {"harmed", "5", "8"}};
    return chart;
}

TEST(Chart, SaysInWordsWhatItShows) {
    const std::string svg = chart_svg(small_chart());

    EXPECT_NE(svg.find("role='img'"), std::string::npos);
    EXPECT_NE(svg.find("<title id='title'>Rollout of plan default to fleet ten-thousand, incident "
                       "boot-loop</title>"),
              std::string::npos);
    EXPECT_NE(svg.find("After 90.0 s: 500 exposed, 20 activated, 7 confirmed, 5 harmed."),
              std::string::npos);
    EXPECT_NE(svg.find("After 80.0 s: halted."), std::string::npos);
    EXPECT_NE(svg.find(">ring vendor</text>"), std::string::npos);
}

TEST(Chart, TakesNamesForTextWhateverIsInThem) {
    Chart chart = small_chart();
    chart.fleet = "</title><script>alert('1')</script>&\"";
    chart.table.push_back({"<img src=x onerror=alert(1)>", "\x1b[2J", "</table>"});

    const std::string page = chart_html(chart);

    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<img"), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_NE(page.find("&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"),
              std::string::npos);
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(page.find("<th>harmed</th><td>5</td><td>8</td>"), std::string::npos);
}

TEST(Chart, IsDrawnOfARunInWhichNothingHappened) {
    EXPECT_NE(chart_svg({}).find("0 harmed."), std::string::npos);
}

TEST(Chart, IsASvgOrAPage) {
    EXPECT_EQ(chart_form("a.svg").value(), ChartForm::kSvg);
    EXPECT_EQ(chart_form("dir/a.html").value(), ChartForm::kHtml);
    for (const char* other : {"a.png", "svg", "a.svg.gz", ""}) {
        const Result<ChartForm> refused = chart_form(other);
        ASSERT_FALSE(refused) << other;
        EXPECT_EQ(refused.error(), Errc::kBadInput);
    }
}

TEST(ChartTicks, CoverTheTimeInAtMostEightRoundSteps) {
    EXPECT_EQ(time_ticks(0), (std::vector<double>{0, 10}));
    EXPECT_EQ(time_ticks(80), (std::vector<double>{0, 10, 20, 30, 40, 50, 60, 70, 80}));
    EXPECT_EQ(time_ticks(39'397).back(), 43'200);
    EXPECT_EQ(time_ticks(39'397)[1], 7200);
    const std::vector<double> year = time_ticks(366 * 86'400.0);
    EXPECT_LE(year.size(), 9U);
    EXPECT_GE(year.back(), 366 * 86'400.0);
}

TEST(ChartTicks, CountDevicesInPowersOfTen) {
    EXPECT_EQ(device_ticks(0), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(device_ticks(100), (std::vector<std::int64_t>{0, 1, 10, 100}));
    EXPECT_EQ(device_ticks(101).back(), 1000);
}

TEST(Course, KeepsTheShapeOfALongRunInFewPoints) {
    Course course;
    for (int i = 0; i <= 100'001; ++i) {
        course.add({.seconds = static_cast<double>(i), .activated = i});
    }
    const std::vector<Course::Point> points = course.points();

    ASSERT_LE(points.size(), Course::kPointsMost);
    ASSERT_GE(points.size(), Course::kPointsMost / 4);
    EXPECT_EQ(points.front().activated, 0);
    EXPECT_EQ(points.back().activated, 100'001);
    for (std::size_t i = 1; i < points.size(); ++i) {
        EXPECT_LT(points[i - 1].seconds, points[i].seconds);
        EXPECT_LE(points[i].seconds - points[i - 1].seconds, 256);
    }
}

TEST(Course, HasNoPointsBeforeAny) {
    EXPECT_TRUE(Course().points().empty());
}

TEST(ProgressText, SaysHowFarAndHowLongYet) {
    const Progress some{.done = 30, .runs = 120, .harmed = 150, .harmed_most = 8};

    EXPECT_EQ(progress_text(some, 10),
              "[#####...............] 30 of 120 runs, harmed 150 (8 at most), 30.0 s left");
    EXPECT_EQ(progress_text({.runs = 3}, 0),
              "[....................] 0 of 3 runs, harmed 0 (0 at most), starting");
}

}  // namespace
}  // namespace firebreak::cli
