// The evidence over time, from a log.

#include "cli/evidence_course.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/unit/core/rollout/written_log.hpp"

namespace firebreak::cli {
namespace {

using rollout::test::RolloutDriver;
using rollout::test::seconds;

EvidenceCourse course_of(const RolloutDriver& driver, std::int64_t counter = 7) {
    EvidenceCourse course({"yara", counter});
    rollout::LogReplay replay;
    for (const rollout::LogEntry& entry : rollout::test::log_of(driver)) {
        const Result<void> added = replay.add(entry);
        EXPECT_TRUE(added) << added.error().to_string();
        course.see(replay);
    }
    return course;
}

TEST(EvidenceCourse, RisesToTheHalt) {
    RolloutDriver driver;
    driver.start();
    for (const std::string& device : driver.activate("lab", 5)) {
        driver.now += seconds{10};
        driver.crash({device});
        driver.settle();
    }
    ASSERT_EQ(driver.phase(), rollout::Phase::kHalted);

    const EvidenceCourse course = course_of(driver);
    const std::vector<EvidenceCourse::Point> points = course.points();

    ASSERT_GE(points.size(), 4U);
    for (std::size_t i = 1; i < points.size(); ++i) {
        EXPECT_GE(points[i].time, points[i - 1].time);
        EXPECT_GE(points[i].evidence.failed_devices, points[i - 1].evidence.failed_devices);
    }
    EXPECT_EQ(points.front().phase, "ready");
    EXPECT_LT(points.front().evidence.log_e, std::log(1e4));
    EXPECT_EQ(points.back().phase, "halted");
    EXPECT_GT(points.back().evidence.log_e, std::log(1e4));
    EXPECT_NE(course.render().find("halted"), std::string::npos);
    const json::object last = course.to_json().back().as_object();
    EXPECT_EQ(last.at("failed").as_int64(), points.back().evidence.failed_devices);
    EXPECT_GT(last.at("log10_e").at("all").as_double(), 4);
}

TEST(EvidenceCourse, KeepsABoundedNumberAndTheLatest) {
    RolloutDriver driver;
    driver.start();
    for (int i = 0; i < 5'000; ++i) {
        driver.now += seconds{2};
        driver.apply(rollout::ControlSeen{.devices = 100 + i});
    }

    const EvidenceCourse course = course_of(driver);

    EXPECT_LE(course.points().size(), EvidenceCourse::kPointsMost + 1);
    EXPECT_GE(course.points().size(), EvidenceCourse::kPointsMost / 2);
    EXPECT_EQ(course.points().back().time, driver.now);
    EXPECT_EQ(std::ranges::count(course.render(), '\n'),
              static_cast<std::ptrdiff_t>(EvidenceCourse::kRowsMost) + 1);
}

TEST(EvidenceCourse, IsEmptyForARolloutThatTheLogDoesNotHave) {
    RolloutDriver driver;
    driver.start();
    EXPECT_TRUE(course_of(driver, 8).points().empty());
}

}  // namespace
}  // namespace firebreak::cli
