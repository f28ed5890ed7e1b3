// The simulator: the same seed is the same run, what is stopped is stopped within its bound, and a
// file that is not one is refused with a place.

#include "cli/simulate/simulate.hpp"

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.hpp"

namespace firebreak::cli {
namespace {

const std::string kSource = FIREBREAK_SOURCE_DIR;

class Simulate : public ::testing::Test {
protected:
    Simulate() {
        options_.plan = kSource + "/ring-configs/default.yaml";
        options_.fleet = kSource + "/examples/fleets/ten-thousand.yaml";
        options_.threads = 1;
    }

    Result<Output> run(const std::string& incident, std::int64_t runs) {
        options_.incident = kSource + "/examples/incidents/" + incident + ".yaml";
        options_.runs = runs;
        return simulate(context_, options_,
                        [this](const Progress& so_far) { progress_ = so_far.done; });
    }

    /// A file of the test's own, gone with it.
    std::string file(const std::string& text) {
        const std::string path = ::testing::TempDir() + "simulate-" + std::to_string(getpid()) +
                                 "-" + std::to_string(++made_) + ".yaml";
        EXPECT_TRUE(files_.write(path, bytes_of(text), FileMode::kPublic));
        return path;
    }

    std::string why_not_fleet(const std::string& text) {
        options_.fleet = file(text);
        const Result<Output> output = run("none", 1);
        std::filesystem::remove(options_.fleet);
        EXPECT_FALSE(output);
        return output ? "" : output.error().to_string();
    }

    double full_seconds(const Output& output) {
        return output.data.as_object().at("full_seconds_median").to_number<double>();
    }
    std::int64_t number(const Output& output, std::string_view name) {
        return output.data.as_object().at(name).to_number<std::int64_t>();
    }

    PosixFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{1};
    Context context_{files_, clock_, random_, {}};
    SimulateOptions options_;
    std::int64_t progress_ = 0;
    int made_ = 0;
};

TEST_F(Simulate, GivesTheSameAnswerForTheSameSeedWhateverTheThreads) {
    const Result<Output> first = run("alert-flood", 4);
    ASSERT_TRUE(first) << first.error().to_string();
    options_.threads = 3;
    const Result<Output> again = run("alert-flood", 4);
    options_.seed = 99;
    const Result<Output> other = run("alert-flood", 4);

    EXPECT_EQ(json::serialize(first->data), json::serialize(again->data));
    EXPECT_EQ(first->text, again->text);
    EXPECT_NE(json::serialize(first->data), json::serialize(other->data));
    EXPECT_EQ(progress_, 4);
}

TEST_F(Simulate, StopsABootLoopInItsFirstWindowEveryTime) {
    const Result<Output> output = run("boot-loop", 50);
    ASSERT_TRUE(output);

    EXPECT_EQ(number(*output, "halted"), 50);
    EXPECT_EQ(number(*output, "over_bound"), 0);
    EXPECT_LE(number(*output, "harmed_max"), 8);
    EXPECT_EQ(output->data.at("full_seconds_median"), nullptr);
}

TEST_F(Simulate, HaltsNothingThatIsWell) {
    options_.hours = 5;
    for (const char* incident : {"none", "drift", "ingestion-outage", "site-loses-network"}) {
        const Result<Output> output = run(incident, 1);
        ASSERT_TRUE(output);
        EXPECT_EQ(number(*output, "false_halts"), 0) << incident;
        EXPECT_EQ(number(*output, "harmed_max"), 0) << incident;
    }
}

TEST_F(Simulate, AnEmergencyReachesEverybodyWithinNinetyMinutes) {
    options_.plan = kSource + "/ring-configs/emergency.yaml";
    const Result<Output> output = run("none", 2);
    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_GT(full_seconds(*output), 0);
    EXPECT_LE(full_seconds(*output), 90 * 60);
}

TEST_F(Simulate, AFreezeTakesAsLongAsItLasts) {
    const Result<Output> at_once = run("none", 1);
    ASSERT_TRUE(at_once) << at_once.error().to_string();
    // Simulated releases are published on a Friday, 08:00 UTC.
    const Result<Bytes> plan = files_.read(options_.plan, 1U << 20U);
    ASSERT_TRUE(plan);
    options_.plan = file(std::string(text_of(*plan)) +
                         "freeze:\n  - {name: morning, zone: UTC, from: 'fri 06:00', "
                         "until: 'fri 12:00'}\n");

    const Result<Output> frozen = run("none", 1);

    std::filesystem::remove(options_.plan);
    ASSERT_TRUE(frozen) << frozen.error().to_string();
    EXPECT_GE(full_seconds(*frozen), full_seconds(*at_once) + 3 * 3600);
}

TEST_F(Simulate, StopsWhatMakesOneHostInAHundredSlow) {
    const Result<Output> output = run("slow", 4);
    ASSERT_TRUE(output);

    EXPECT_EQ(number(*output, "halted"), 4);
    EXPECT_GT(number(*output, "harmed_max"), 0);
    EXPECT_LT(number(*output, "harmed_max"), 30);
}

TEST_F(Simulate, TakesEveryIncidentThatIsShipped) {
    options_.hours = 1;
    int incidents = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kSource + "/examples/incidents")) {
        const Result<Output> output = run(entry.path().stem().string(), 1);
        EXPECT_TRUE(output) << entry.path() << ": " << output.error().to_string();
        ++incidents;
    }
    EXPECT_GE(incidents, 11);
}

TEST_F(Simulate, DrawsTheMedianRunAsItWasAndSaysNothingElseThanWithoutAChart) {
    const Result<Output> plain = run("boot-loop", 5);
    options_.chart = ::testing::TempDir() + "simulate-" + std::to_string(getpid()) + ".svg";
    const Result<Output> drawn = run("boot-loop", 5);
    ASSERT_TRUE(drawn) << drawn.error().to_string();

    EXPECT_EQ(json::serialize(drawn->data), json::serialize(plain->data));
    const Result<Bytes> svg = files_.read(options_.chart, 1 << 20);
    std::filesystem::remove(options_.chart);
    ASSERT_TRUE(svg);
    const std::string text(text_of(*svg));
    EXPECT_NE(text.find(", the median by harm"), std::string::npos);
    EXPECT_NE(text.find(" " + std::to_string(number(*plain, "harmed_median")) + " harmed."),
              std::string::npos);
    EXPECT_NE(text.find(": halted."), std::string::npos);
    EXPECT_NE(text.find(": ring vendor."), std::string::npos);
}

TEST_F(Simulate, RefusesAChartItCannotDrawOrWrite) {
    options_.chart = "chart.png";
    const Result<Output> other = run("boot-loop", 1);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error(), Errc::kBadInput);
    EXPECT_EQ(progress_, 0);  // Before anything was run.

    options_.chart = ::testing::TempDir() + "no-such-folder/chart.svg";
    const Result<Output> nowhere = run("boot-loop", 1);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().to_string().find("no-such-folder"), std::string::npos);
}

TEST_F(Simulate, RefusesAFleetThatIsNone) {
    EXPECT_NE(why_not_fleet("name: x\ndevices: 0\n").find(".yaml:2:1: /devices"),
              std::string::npos);
    EXPECT_NE(why_not_fleet("name: x\ndevices: 9\nkinds: [{name: a, share: 0.5}]\n")
                  .find("fleet.kinds: the shares add up to 0.5"),
              std::string::npos);
    EXPECT_NE(why_not_fleet("name: x\ndevices: 9\nrings: [{name: moon, devices: 1}]\n")
                  .find("the plan 'default' has no such ring"),
              std::string::npos);
    EXPECT_NE(why_not_fleet("name: x\ndevices: 9\nrings: [{name: early, devices: 10}]\n")
                  .find("more devices than the fleet has (9)"),
              std::string::npos);
    EXPECT_NE(why_not_fleet("name: x\ndevices: 9\nrings: [{name: early, devices: 1},"
                            " {name: early, devices: 1}]\n")
                  .find("'early' is there twice"),
              std::string::npos);
}

TEST_F(Simulate, RefusesAnIncidentThatCannotBe) {
    options_.fleet = file("name: x\ndevices: 9\n");
    const Result<Output> unknown = run("one-os-build", 1);
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().to_string().find("the fleet 'x' has no 'rare'"), std::string::npos);
    std::filesystem::remove(options_.fleet);
}

}  // namespace
}  // namespace firebreak::cli
