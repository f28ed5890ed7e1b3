#include "server/rollout/device_view.hpp"

#include <gtest/gtest.h>

#include "core/base/utc.hpp"
#include "core/rollout/cohort.hpp"
#include "server/rollout/segment_values.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::server {
namespace {

using rollout::kPpbAll;
using std::chrono::seconds;

constexpr Instant kStart{seconds{1'800'000'000}};
constexpr std::int64_t kHalf = kPpbAll / 2;

/// A rollout of canary, early and broad, ten devices each, in which canary is open to half of it
/// with a window of three; deadlines after ten seconds, bakes of five.
class DeviceView : public testing::Test {
protected:
    DeviceView() {
        terms_.builds = {build_};
        for (const char* ring : {"canary", "early", "broad"}) {
            terms_.ceiling.push_back({ring, {}, kPpbAll});
        }
        open_canary();
    }

    void open_canary() {
        happens(rollout::FleetSeen{{{"canary", 10}, {"early", 10}, {"broad", 10}}});
        happens(rollout::Started{});
        happens(rollout::RingOpened{"canary"});
        happens(rollout::Widened{"canary", 3, kHalf});
    }

    void happens(rollout::EventBody body) { rollout_.apply({now_, std::move(body)}); }

    /// A device of `ring` that comes early in the ring or late, by its bucket.
    Device device(const std::string& ring, bool early = true, int skip = 0) const {
        Device device;
        device.ring = ring;
        device.engine_build = build_;
        for (int i = 0;; ++i) {
            device.id = ring + "-" + std::to_string(i);
            const bool is_early = rollout::bucket(rollout_.bundle(), device.id) < kHalf;
            if (is_early == early && skip-- == 0) return device;
        }
    }

    void let_in(const Device& device) {
        happens(rollout::Activated{device.id, "acme", device.ring});
    }

    std::string state(const Device& device) const {
        return std::string(name_of(standing_of(ground(device))));
    }
    DeviceGround ground(const Device& device) const { return {device, rollout_, &terms_, now_}; }
    json::object view(const Device& device) const { return standing_view(ground(device)); }

    Sha256 build_ = sha256(bytes_of("engine"));
    trust::ContentTerms terms_;
    Instant now_ = kStart;
    rollout::Rollout rollout_{
        {"yara", 7}, sha256(bytes_of("bundle")), test::small_plan({"canary", "early", "broad"})};
};

TEST_F(DeviceView, WhoseTurnItIsMayActivateNow) {
    const Device first = device("canary");

    EXPECT_EQ(state(first), "may-activate");
    EXPECT_EQ(not_before(ground(first)), now_);
    const json::object seen = view(first);
    EXPECT_EQ(seen.at("may_activate"), true);
    EXPECT_EQ(seen.at("bucket_ppb"), rollout::bucket(rollout_.bundle(), first.id));
    EXPECT_EQ(seen.at("ring").at("position"), 1);
    EXPECT_EQ(seen.at("ring").at("room"), 3);
    EXPECT_EQ(seen.at("exposure"), nullptr);
}

TEST_F(DeviceView, SaysMayActivateExactlyWhenTheRolloutDoes) {
    for (int let_in_before = 0; let_in_before < 5; ++let_in_before) {
        for (const bool early : {true, false}) {
            for (const char* ring : {"canary", "early"}) {
                const Device one = device(ring, early, 20);
                EXPECT_EQ(state(one) == "may-activate", rollout_.may_activate(one.id, one.ring));
            }
        }
        let_in(device("canary", true, let_in_before));
    }
}

TEST_F(DeviceView, ABucketAboveTheThresholdWaitsForThoseBefore) {
    const Device late = device("canary", false);

    EXPECT_EQ(state(late), "above-threshold");
    EXPECT_FALSE(not_before(ground(late)));
    const std::int64_t bucket = rollout::bucket(rollout_.bundle(), late.id);
    EXPECT_EQ(view(late).at("ahead"), (bucket - kHalf) * 10 / kPpbAll);
    EXPECT_EQ(view(late).at("ring").at("threshold_ppb"), kHalf);
}

TEST_F(DeviceView, AFullWindowWaitsForAConfirmation) {
    for (int i = 1; i <= 3; ++i) let_in(device("canary", true, i));
    const Device fourth = device("canary");

    EXPECT_EQ(state(fourth), "window-full");
    EXPECT_EQ(view(fourth).at("ring").at("filled"), 3);
    now_ += seconds{3};
    happens(rollout::Confirmed{device("canary", true, 1).id});

    EXPECT_EQ(state(fourth), "may-activate");
}

TEST_F(DeviceView, AFullWindowOfASegmentWaitsForOneOfItsKind) {
    rollout::Plan plan = test::small_plan({"canary", "early", "broad"});
    plan.segments = {.by = {"os", "sensor", "color"}, .window_start = 1};
    rollout_ = rollout::Rollout({"yara", 7}, sha256(bytes_of("bundle")), plan);
    open_canary();
    Device first = device("canary", true, 1);
    Device second = device("canary");
    first.attributes = second.attributes = {{"os", "Windows 11"}, {"color", 5}};
    const std::string build = build_.hex().substr(0, 16);
    EXPECT_EQ(segment_values(plan.segments, first),
              (std::vector<std::string>{"Windows 11", build, ""}));
    happens(rollout::Activated{first.id, "acme", "canary", {"Windows 11", "another", "red"}});

    EXPECT_EQ(state(second), "segment-window-full");
    EXPECT_EQ(view(second).at("may_activate"), false);
    const json::array segments = view(second).at("segments").as_array();
    ASSERT_EQ(segments.size(), 3U);
    EXPECT_EQ(segments.at(0),
              (json::object{{"segment", "os=Windows 11"}, {"window", 1}, {"filled", 1}}));
    EXPECT_EQ(segments.at(1),
              (json::object{{"segment", "sensor=" + build}, {"window", 1}, {"filled", 0}}));
    second.attributes["os"] = "Windows 10";
    EXPECT_EQ(state(second), "may-activate");
}

TEST_F(DeviceView, AClosedRingWaitsForTheGatesOfTheOneInFrontAndForItsBakeAtLeast) {
    const Device next = device("early");

    EXPECT_EQ(state(next), "ring-closed");
    EXPECT_EQ(not_before(ground(next)), now_ + seconds{5}) << "no bake is shorter than its floor";
    const json::object waits = view(next).at("waits_for").as_object();
    EXPECT_EQ(waits.at("ring"), "canary");
    EXPECT_EQ(waits.at("gates").as_array().size(), rollout_.gates(now_).size());
}

TEST_F(DeviceView, TheBakeUnderWayIsWhatTheNextRingWaitsFor) {
    happens(rollout::Widened{"canary", 4, kPpbAll});
    for (int i = 0; i < 3; ++i) let_in(device("canary", true, i));
    now_ += seconds{3};
    for (int i = 0; i < 3; ++i) happens(rollout::Confirmed{device("canary", true, i).id});
    const Instant opens = *rollout_.gates(now_).at(1).opens_at;
    now_ += seconds{1};

    EXPECT_EQ(not_before(ground(device("early"))), opens);
    EXPECT_EQ(not_before(ground(device("broad"))), opens + seconds{5}) << "and early's own bake";
}

TEST_F(DeviceView, ARingWithoutDevicesBetweenIsNotWaitedFor) {
    happens(rollout::FleetSeen{{{"canary", 10}, {"broad", 10}}});

    EXPECT_EQ(not_before(ground(device("broad"))), now_ + seconds{5});
}

TEST_F(DeviceView, BeforeAnyRingIsOpenNothingIsWaitedForButTheFirst) {
    rollout_ = rollout::Rollout({"yara", 7}, rollout_.bundle(), rollout_.plan());
    EXPECT_EQ(state(device("canary")), "not-started");
    happens(rollout::Started{});

    EXPECT_EQ(state(device("canary")), "ring-closed");
    EXPECT_EQ(not_before(ground(device("canary"))), now_);
    EXPECT_EQ(view(device("canary")).at("waits_for"), nullptr);
}

TEST_F(DeviceView, TheOfflineCeilingHoldsEvenWhomTheThresholdTakesIn) {
    terms_.ceiling = {{"canary", {}, 0},
                      {"canary", std::chrono::floor<seconds>(kStart) + seconds{60}, 1},
                      {"canary", std::chrono::floor<seconds>(kStart) + seconds{90}, kPpbAll}};
    const Device first = device("canary");

    EXPECT_EQ(state(first), "above-ceiling");
    EXPECT_EQ(not_before(ground(first)), kStart + seconds{90});
    EXPECT_EQ(view(first).at("ring").at("ceiling_ppb"), 0);
    now_ += seconds{90};
    EXPECT_EQ(state(first), "may-activate");
}

TEST_F(DeviceView, ACeilingThatNeverRisesHasNoEarliestMoment) {
    terms_.ceiling = {{"canary", {}, 0}};

    EXPECT_EQ(state(device("canary")), "above-ceiling");
    EXPECT_FALSE(not_before(ground(device("canary"))));
    EXPECT_FALSE(not_before(ground(device("early")))) << "a ring the ceiling does not name";
}

TEST_F(DeviceView, AClosedRingWaitsForItsCeilingToo) {
    terms_.ceiling = {{"early", std::chrono::floor<seconds>(kStart) + seconds{600}, kPpbAll}};

    EXPECT_EQ(not_before(ground(device("early"))), kStart + seconds{600});
}

TEST_F(DeviceView, WhoWasLetInHasUntilItsDeadline) {
    const Device one = device("canary");
    let_in(one);

    EXPECT_EQ(state(one), "pending");
    EXPECT_EQ(view(one).at("exposure").at("deadline"),
              json::value(format_utc_millis(kStart + seconds{10})));
    EXPECT_EQ(view(one).at("exposure").at("resolved"), nullptr);
    now_ += seconds{10};
    EXPECT_EQ(state(one), "silent") << "before any event says so";
    happens(rollout::Widened{"canary", 3, kHalf});
    EXPECT_EQ(state(one), "silent");
    happens(rollout::Confirmed{one.id});
    EXPECT_EQ(state(one), "confirmed") << "late, but well";
}

TEST_F(DeviceView, WhoCrashedFailedUntilPeopleForgiveIt) {
    const Device one = device("canary");
    let_in(one);
    now_ += seconds{1};
    happens(rollout::Crashed{one.id});
    EXPECT_EQ(state(one), "failed");
    EXPECT_EQ(view(one).at("exposure").at("resolved"), json::value(format_utc_millis(now_)));
    happens(rollout::Held{"look", rollout::HeldBy::kController});
    happens(rollout::ResumeAsked{"alice", "its disk was full"});
    EXPECT_EQ(state(one), "failed");

    happens(rollout::ResumeGranted{"bob", "alice", "so it was"});

    EXPECT_EQ(state(one), "forgiven");
    EXPECT_EQ(view(one).at("may_activate"), true);
}

TEST_F(DeviceView, AHeldRolloutLetsNobodyIn) {
    happens(rollout::Held{"look at canary"});

    EXPECT_EQ(state(device("canary")), "held");
    EXPECT_EQ(state(device("early")), "held");
    EXPECT_EQ(view(device("canary")).at("reason"), "look at canary");
    EXPECT_FALSE(not_before(ground(device("early"))));
}

TEST_F(DeviceView, AHaltedRolloutKeepsWhatBefellThoseLetIn) {
    let_in(device("canary"));
    happens(rollout::Halted{"smoke", 0});

    EXPECT_EQ(state(device("canary")), "pending");
    EXPECT_EQ(state(device("canary", true, 1)), "halted");
    EXPECT_EQ(view(device("canary")).at("may_activate"), false);
}

TEST_F(DeviceView, ARevokedDeviceIsLetInNowhere) {
    Device stolen = device("canary");
    stolen.revoked = true;
    EXPECT_EQ(state(stolen), "revoked");
    let_in(stolen);

    EXPECT_EQ(state(stolen), "revoked");
    EXPECT_EQ(view(stolen).at("may_activate"), false);
}

TEST_F(DeviceView, ARingThatThePlanDoesNotHaveIsSaid) {
    const Device lost = device("bogus");

    EXPECT_EQ(state(lost), "ring-not-in-plan");
    EXPECT_EQ(view(lost).at("ring"), nullptr);
    EXPECT_FALSE(not_before(ground(lost)));
}

TEST_F(DeviceView, ABuildThatWasNotValidatedIsSaid) {
    Device other = device("canary");
    other.engine_build = sha256(bytes_of("another engine"));

    EXPECT_EQ(state(other), "build-not-listed");
}

TEST_F(DeviceView, SaysWhatTheDeviceRunsOfThisStreamAlone) {
    Device one = device("canary");
    one.running = {{"sigma", 3}};
    EXPECT_EQ(view(one).at("running"), nullptr);
    one.running["yara"] = 6;

    EXPECT_EQ(view(one).at("running"), 6);
}

}  // namespace
}  // namespace firebreak::server
