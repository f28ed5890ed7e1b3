#include "cli/device_explain.hpp"

#include <gtest/gtest.h>

#include "cli/fleet.hpp"
#include "core/base/random.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::cli {
namespace {

const char* const kDevice = R"({"device": "d-1", "tenant": "acme", "ring": "early",
  "placed": {"by": "token", "token": "00f1"}, "revoked": false, "engine_build": "ab",
  "last_seen": "2027-01-15T08:00:00Z", "rollouts": [
    {"stream": "yara", "counter": 7, "phase": "rolling", "reason": "", "running": 6,
     "state": "above-threshold", "may_activate": false, "not_before": null,
     "bucket_ppb": 732000000, "ahead": 33,
     "segments": [{"segment": "os=Windows 11", "window": 7, "filled": 7},
                  {"segment": "tenant=acme", "window": 9, "filled": 2}],
     "ring": {"position": 2, "of": 3, "open": true, "baked": false, "threshold_ppb": 400000000,
              "ceiling_ppb": 100000000, "active": 100, "window": 5, "filled": 4, "room": 1},
     "waits_for": null,
     "exposure": {"activated": "2027-01-15T07:00:00.000Z", "deadline": "2027-01-15T07:03:00.000Z",
                  "resolved": "2027-01-15T07:01:00.000Z"}}]})";

/// What is said of a device whose only rollout has `changes`.
std::string said(const json::object& changes) {
    json::value device = parse_json(kDevice).value();
    json::object& rollout = device.at("rollouts").at(0).as_object();
    for (const auto& [name, value] : changes) rollout[name] = value;
    const Result<Output> output = render_device(device);
    return output ? output->text : output.error().to_string();
}

TEST(DeviceExplanation, SaysWhereTheDeviceIsAndWhatItRuns) {
    EXPECT_EQ(
        said({}),
        "d-1 of tenant acme is in ring early, as its enrolment token 00f1 says; last heard of "
        "at 2027-01-15T08:00:00Z.\n"
        "\n"
        "yara/7 is rolling; the device runs yara/6.\n"
        "  above-threshold: not its turn yet: its place in the ring is 73.2%, and 40% of the "
        "ring are exposed. About 33 of its 100 devices come before it; more are exposed as "
        "those confirm.\n"
        "  Nobody can say when that will be.\n");
}

TEST(DeviceExplanation, HasWordsForEachState) {
    for (const auto& [state, words] : std::vector<std::pair<const char*, const char*>>{
             {"revoked", "its reports are refused"},
             {"halted", "halted before it was this one's turn"},
             {"ring-not-in-plan", "does not have its ring"},
             {"build-not-listed", "not validated in its engine build"},
             {"not-started", "has not begun"},
             {"held", "until people resume"},
             {"above-ceiling", "the offline keys allow 10% of it for now"},
             {"window-full", "4 of 5 places of its ring are taken"},
             {"segment-window-full",
              "at first: 7 of 7 places of os=Windows 11 are taken; 2 of 9 places of tenant=acme "},
             {"may-activate", "will at its next poll"},
             {"pending", "it has until 2027-01-15T07:03:00.000Z to say"},
             {"confirmed", "confirmed healthy at 2027-01-15T07:01:00.000Z"},
             {"failed", "failed at 2027-01-15T07:01:00.000Z"},
             {"silent", "not one word by 2027-01-15T07:03:00.000Z"},
             {"forgiven", "may try again when it is its turn"}}) {
        const std::string text = said({{"state", state}});
        EXPECT_NE(text.find(std::string("  ") + state + ": "), std::string::npos) << text;
        EXPECT_NE(text.find(words), std::string::npos) << text;
    }
}

TEST(DeviceExplanation, SaysWhatTheRingInFrontWaitsFor) {
    const std::string text =
        said({{"state", "ring-closed"},
              {"not_before", "2027-01-15T09:00:00.000Z"},
              {"waits_for",
               {{"ring", "canary"},
                {"gates", json::array{json::object{{"gate", "confirmed"},
                                                   {"open", false},
                                                   {"have", 12},
                                                   {"need", 100},
                                                   {"opens_at", nullptr}}}}}}});

    EXPECT_NE(text.find("its ring, 2 of 3, is not open. Ring canary is open furthest; the next "
                        "opens when all of these hold:\n  [ ] confirmed: 12 of 100\n  Not before "
                        "2027-01-15T09:00:00.000Z, as far as is known now.\n"),
              std::string::npos)
        << text;
}

TEST(DeviceExplanation, SaysWhatPutTheDeviceIntoItsRing) {
    for (const auto& [by, words] : std::vector<std::pair<const char*, const char*>>{
             {"device", "as a rule for this device says;"},
             {"tag", "as the rule for tag lab says;"},
             {"tenant", "as the rule for tenant lab says;"},
             {"default", "the slowest when it enrolled, as no rule places it elsewhere;"}}) {
        json::value device = parse_json(kDevice).value();
        device.as_object()["placed"] = {{"by", by}, {"name", "lab"}, {"token", "00f1"}};
        const std::string text = render_device(device)->text;
        EXPECT_NE(text.find(std::string("is in ring early, ") + words), std::string::npos) << text;
    }
}

TEST(EnrolmentTokenBody, LeavesTheRingOutWhereTheRulesAreToPlaceTheDevice) {
    EXPECT_EQ(enrolment_token_body({.tenant = "acme", .ring = "", .tags = {"lab"}}),
              (json::object{
                  {"tenant", "acme"}, {"uses", 1}, {"expires_seconds", 3600}, {"tags", {"lab"}}}));
    EXPECT_EQ(enrolment_token_body({.tenant = "acme", .ring = "early", .tags = {}}).at("ring"),
              "early");
}

TEST(DeviceExplanation, AStateOfANewerServerIsShownAsItIs) {
    EXPECT_NE(said({{"state", "asleep"}}).find("  asleep.\n"), std::string::npos);
}

TEST(DeviceExplanation, SaysWhenNothingWasReleased) {
    json::value device = parse_json(kDevice).value();
    device.as_object()["rollouts"] = json::array{};

    EXPECT_TRUE(render_device(device)->text.ends_with("Nothing was released yet.\n"));
    EXPECT_EQ(render_device(device)->data, device);
}

TEST(DeviceExplanation, TakesNoAnswerOfAnotherForm) {
    EXPECT_FALSE(render_device(json::value(7)));
    EXPECT_FALSE(render_device({{"device", "d-1"}}));
    EXPECT_FALSE(render_device({{"rollouts", json::array{json::object{}}}}));
}

TEST(DeviceExplanation, ANameThatWouldChangeTheAddressIsBadInput) {
    test::MemoryFileStore files;
    const test::FakeClock clock;
    SeededRandom random{1};
    const Context context{files, clock, random, {}};
    ApiClient api(context, {});

    EXPECT_EQ(explain_device(api, "d-1/../x", "").error(), Errc::kBadInput);
    EXPECT_EQ(explain_device(api, "d-1", "yara&x").error(), Errc::kBadInput);
}

}  // namespace
}  // namespace firebreak::cli
