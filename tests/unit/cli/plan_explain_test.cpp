// What `firebreak plan explain` says is what the rollout would do.

#include "cli/plan_explain.hpp"

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "core/rollout/eprocess.hpp"
#include "tests/support/fake_clock.hpp"

namespace firebreak::cli {
namespace {

const std::string kSource = FIREBREAK_SOURCE_DIR;

class PlanExplain : public ::testing::Test {
protected:
    PlanExplain() { options_.plan = kSource + "/ring-configs/default.yaml"; }

    json::object explain() {
        const Result<Output> output = explain_plan(context_, options_);
        EXPECT_TRUE(output) << output.error().to_string();
        text_ = output->text;
        return output->data.as_object();
    }

    PosixFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{1};
    Context context_{files_, clock_, random_, {}};
    ExplainPlanOptions options_;
    std::string text_;
};

TEST_F(PlanExplain, NamesWhatStopsEachFaultByTheRolloutsOwnFormulas) {
    const json::array faults = explain().at("faults").as_array();

    const json::object& half = faults.at(1).as_object();
    ASSERT_EQ(half.at("share").as_double(), 0.5);
    const auto failed = half.at("silent").at("failed").to_number<std::int64_t>();
    const auto devices = half.at("silent").at("devices").to_number<std::int64_t>();
    EXPECT_EQ(devices, 2 * failed);
    const auto log_e = [](std::int64_t k) {
        // Of four rings the other three say nothing: E is a quarter of this one's.
        return rollout::log_e_combined(-1e300, -1e300,
                                       rollout::log_e_silence(k, 2 * k, 0.005) - std::log(4.0));
    };
    EXPECT_GE(log_e(failed), std::log(1e4));
    EXPECT_LT(log_e(failed - 1), std::log(1e4));
    EXPECT_TRUE(faults.back().at("silent").is_null()) << "0.1 % is within a tolerance of 0.5 %";
    EXPECT_NE(text_.find("once in 2.74 years"), std::string::npos) << text_;
}

TEST_F(PlanExplain, SaysWhoMustApproveAndWhenItIsFrozen) {
    options_.plan = kSource + "/ring-configs/cautious.yaml";

    static_cast<void>(explain());

    for (const char* line :
         {"Velocity routine: a bake is never shorter than 15m",
          "Ring critical opens when 2 people approved it; never who published it.",
          "weekends, fri 16:00 to mon 08:00 Europe/Berlin: no ring opens"}) {
        EXPECT_NE(text_.find(line), std::string::npos) << line << "\n" << text_;
    }
}

TEST_F(PlanExplain, WithAFleetSaysWhenRingsOpenAndTheHarm) {
    options_.fleet = kSource + "/examples/fleets/ten-thousand.yaml";

    const json::object fleet = explain().at("fleet").as_object();

    const json::array& rings = fleet.at("rings").as_array();
    ASSERT_EQ(rings.size(), 4U);
    double before = -1;
    for (const json::value& ring : rings) {
        EXPECT_GT(ring.at("opens_seconds").as_double(), before);
        before = ring.at("opens_seconds").as_double();
        EXPECT_GT(ring.at("harm_bound").to_number<std::int64_t>(), 5);
    }
    // Not before the bake floors of the three rings in front of it.
    EXPECT_GT(before, (15 + 30 + 120) * 60);
    EXPECT_GT(fleet.at("complete_seconds").as_double(), before + 4 * 3600);
}

TEST_F(PlanExplain, TakesAFleetThatDoesNotFillEachRing) {
    const std::string path = ::testing::TempDir() + "explain-" + std::to_string(getpid()) + ".yaml";
    ASSERT_TRUE(files_.write(path,
                             bytes_of("name: few\ndevices: 100\nrings:\n"
                                      "  - {name: canary, devices: 10}\n"),
                             FileMode::kPublic));
    options_.fleet = path;

    const json::object fleet = explain().at("fleet").as_object();
    std::filesystem::remove(path);

    EXPECT_GE(fleet.at("rings").as_array().at(1).at("opens_seconds").as_double(), 0);
    EXPECT_NE(text_.find("On few, 100 devices"), std::string::npos);
}

TEST_F(PlanExplain, RefusesAFleetOfRingsThatThePlanDoesNotHave) {
    const std::string path = ::testing::TempDir() + "explain-" + std::to_string(getpid()) + ".yaml";
    ASSERT_TRUE(files_.write(
        path, bytes_of("name: other\ndevices: 10\nrings:\n  - {name: moon, devices: 1}\n"),
        FileMode::kPublic));
    options_.fleet = path;

    const Result<Output> output = explain_plan(context_, options_);
    std::filesystem::remove(path);

    ASSERT_FALSE(output);
    EXPECT_NE(output.error().to_string().find("has no such ring"), std::string::npos)
        << output.error().to_string();
}

}  // namespace
}  // namespace firebreak::cli
