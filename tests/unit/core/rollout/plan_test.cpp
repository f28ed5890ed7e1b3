#include "core/rollout/plan.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPlan = R"({
  "name": "default", "description": "Two rings.", "default_ring": "broad",
  "rings": [
    {"name": "lab", "description": "Ours.", "vendor_own": true, "window": {"start": 5, "max": 50},
     "bake_floor": "15m", "promote": {"confirmed_min": 10, "exposure_hours_min": 2}},
    {"name": "broad", "window": {"start": 200, "max": 5000, "max_share": 0.01},
     "bake_floor": "4h", "promote": {"confirmed_min": 1000, "exposure_hours_min": 0.5}}],
  "halt": {"alpha": 0.0001, "silence_q0": 0.02, "crash_rate_per_hour": 0.00003, "failures_min": 4,
           "tenants_min": 3, "control_silent_share_max": 0.25},
  "agent": {"confirm_after": "30s", "silence_deadline": "90s", "heartbeat_every": "5m",
            "poll_every": "500ms"}})";

/// kPlan with the value at a JSON pointer replaced or added; erased when `value` is not given.
json::value changed(std::string_view pointer, const std::optional<json::value>& value) {
    json::value plan = json::parse(json::string_view(kPlan.data(), kPlan.size()));
    const std::size_t slash = pointer.rfind('/');
    const json::string_view name(pointer.data() + slash + 1, pointer.size() - slash - 1);
    json::value& parent = plan.at_pointer(json::string_view(pointer.data(), slash));
    if (!value) {
        parent.as_object().erase(name);
    } else if (parent.is_array()) {
        parent.as_array().at(static_cast<std::size_t>(name.front() - '0')) = *value;
    } else {
        parent.as_object()[name] = *value;
    }
    return plan;
}

json::object freeze_object(const char* member = "name", const json::value& value = "weekends") {
    json::object freeze{{"name", "weekends"},
                        {"zone", "Europe/Berlin"},
                        {"from", "fri 16:00"},
                        {"until", "mon 08:00"}};
    freeze[member] = value;
    return freeze;
}

TEST(Plan, ReadsEveryMember) {
    const auto plan = parse_plan(json::parse(json::string_view(kPlan.data(), kPlan.size())));

    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(plan->name, "default");
    EXPECT_EQ(plan->description, "Two rings.");
    ASSERT_EQ(plan->rings.size(), 2U);
    EXPECT_EQ(plan->rings[0].name, "lab");
    EXPECT_EQ(plan->rings[0].description, "Ours.");
    EXPECT_TRUE(plan->rings[0].vendor_own);
    EXPECT_EQ(plan->rings[0].window_start, 5);
    EXPECT_EQ(plan->rings[0].window_max, 50);
    EXPECT_EQ(plan->rings[0].bake_floor, 15min);
    EXPECT_EQ(plan->rings[0].confirmed_min, 10);
    EXPECT_EQ(plan->rings[0].exposure_hours_min, 2);
    EXPECT_EQ(plan->rings[0].window_max_share, 0);
    EXPECT_EQ(plan->rings[1].window_max_share, 0.01);
    EXPECT_FALSE(plan->rings[1].vendor_own);
    EXPECT_EQ(plan->rings[1].exposure_hours_min, 0.5);
    EXPECT_EQ(plan->default_ring, "broad");
    EXPECT_EQ(plan->alpha, 1e-4);
    EXPECT_EQ(plan->silence_q0, 0.02);
    EXPECT_EQ(plan->crash_rate_per_hour, 3e-5);
    EXPECT_EQ(plan->failures_min, 4);
    EXPECT_EQ(plan->tenants_min, 3);
    EXPECT_EQ(plan->control_silent_share_max, 0.25);
    EXPECT_EQ(plan->confirm_after, 30s);
    EXPECT_EQ(plan->silence_deadline, 90s);
    EXPECT_EQ(plan->heartbeat_every, 5min);
    EXPECT_EQ(plan->poll_every, 500ms);
}

TEST(Plan, ReadsBackWhatItWrites) {
    Plan plan = test::three_rings();
    plan.alpha = 0.1 / 3;  // Not a short decimal fraction.
    plan.rings[1].exposure_hours_min = 1e-7;
    plan.rings[1].window_max_share = 1.0 / 300;

    const auto read = parse_plan(parse_json(json::serialize(to_json(plan))).value());

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, plan);
}

TEST(Plan, KnowsWhenReportsDoNotGetThrough) {
    Plan plan = test::three_rings();
    plan.confirm_after = 60s;
    plan.silence_deadline = 180s;
    plan.heartbeat_every = 5min;
    EXPECT_EQ(quiet_after(plan), 60s);
    EXPECT_TRUE(is_quiet(plan, 100, 0));
    EXPECT_FALSE(is_quiet(plan, 100, 1));
    EXPECT_FALSE(is_quiet(plan, 99, 0));  // Too few to know.
    EXPECT_FALSE(is_quiet(plan, 0, 0));

    plan.silence_deadline = 62s;
    EXPECT_EQ(quiet_after(plan), 30s);
}

TEST(Plan, RefusesWhatItCannotKeep) {
    struct Wrong {
        std::string pointer;
        std::optional<json::value> value;
        std::string named;  ///< What the message must say.
    };
    const std::vector<Wrong> wrong{
        {"/name", std::nullopt, "plan.name"},
        {"/name", "", "plan.name"},
        {"/name", "Default", "plan.name"},
        {"/name", "-a", "plan.name"},
        {"/name", json::string(65, 'a'), "plan.name"},
        {"/description", 5, "plan.description"},
        {"/description", json::string(2001, 'a'), "plan.description"},
        {"/ring", 1, "plan.ring"},
        {"/rings", std::nullopt, "plan.rings"},
        {"/rings", json::array{}, "plan.rings"},
        {"/rings/0", "lab", "plan.rings[0]"},
        {"/rings/0/name", "broad", "plan.rings[1].name"},
        {"/rings/0/vendor_own", 1, "plan.rings[0].vendor_own"},
        {"/rings/0/vendor", true, "plan.rings[0].vendor"},
        {"/rings/0/window", std::nullopt, "plan.rings[0].window"},
        {"/rings/0/window/start", 0, "plan.rings[0].window.start"},
        {"/rings/0/window/start", -5, "plan.rings[0].window.start"},
        {"/rings/0/window/start", 51, "plan.rings[0].window.start"},
        {"/rings/0/window/start", std::nullopt, "plan.rings[0].window.start"},
        {"/rings/0/window/max", 1'000'001, "plan.rings[0].window.max"},
        {"/rings/0/window/max_share", 1.1, "plan.rings[0].window.max_share"},
        {"/rings/0/window/max_share", -0.1, "plan.rings[0].window.max_share"},
        {"/rings/0/window/max_share", "1 %", "plan.rings[0].window.max_share"},
        {"/rings/0/window/max", 50.0, "plan.rings[0].window.max"},
        {"/rings/0/window/maximum", 50, "plan.rings[0].window.maximum"},
        {"/rings/1/bake_floor", std::nullopt, "plan.rings[1].bake_floor"},
        {"/rings/1/bake_floor", "4 h", "plan.rings[1].bake_floor"},
        {"/rings/1/promote", std::nullopt, "plan.rings[1].promote"},
        {"/rings/1/promote/confirmed_min", 0, "plan.rings[1].promote.confirmed_min"},
        {"/rings/1/promote/confirmed_min", std::nullopt, "plan.rings[1].promote.confirmed_min"},
        {"/rings/1/promote/exposure_hours_min", -1, "plan.rings[1].promote.exposure_hours_min"},
        {"/rings/1/promote/exposure_hours_min", "2", "plan.rings[1].promote.exposure_hours_min"},
        {"/default_ring", "lab", "plan.default_ring"},
        {"/default_ring", "nowhere", "plan.default_ring"},
        {"/halt/alpha", 0, "plan.halt.alpha"},
        {"/halt/alpha", 0.2, "plan.halt.alpha"},
        {"/halt/alhpa", 0.01, "plan.halt.alhpa"},
        {"/halt/silence_q0", 0.25, "plan.halt.silence_q0"},
        {"/halt/silence_q0", 0, "plan.halt.silence_q0"},
        {"/halt/crash_rate_per_hour", 0, "plan.halt.crash_rate_per_hour"},
        {"/halt/failures_min", 0, "plan.halt.failures_min"},
        {"/halt/tenants_min", 0, "plan.halt.tenants_min"},
        {"/halt/control_silent_share_max", 1.5, "plan.halt.control_silent_share_max"},
        {"/agent/confirm_after", "90s", "plan.agent.confirm_after"},
        {"/agent/confirm_after", 90, "plan.agent.confirm_after"},
        {"/agent/heartbeat_every", "0s", "plan.agent.heartbeat_every"},
        {"/agent/poll_every", "0ms", "plan.agent.poll_every"},
        {"/rings/0/approvals", 2, "plan.rings[0].approvals"},
        {"/rings/0/approvals", json::object{}, "plan.rings[0].approvals.count"},
        {"/rings/0/approvals", json::object{{"count", 0}}, "plan.rings[0].approvals.count"},
        {"/rings/0/approvals", json::object{{"count", 17}}, "plan.rings[0].approvals.count"},
        {"/rings/0/approvals", json::object{{"count", 1}, {"off", 1}},
         "plan.rings[0].approvals.off"},
        {"/rings/0/approvals", json::object{{"count", 2}, {"of", json::array{"alice"}}},
         "plan.rings[0].approvals.of"},
        {"/rings/0/approvals", json::object{{"count", 2}, {"of", json::array{"alice", "alice"}}},
         "plan.rings[0].approvals.of"},
        {"/rings/0/approvals", json::object{{"count", 1}, {"of", json::array{""}}},
         "plan.rings[0].approvals.of"},
        {"/velocity", "fast", "plan.velocity"},
        {"/velocity", 1, "plan.velocity"},
        {"/segments", json::array{}, "plan.segments"},
        {"/segments", json::object{}, "plan.segments.by"},
        {"/segments", json::object{{"by", json::array{}}}, "plan.segments.by"},
        {"/segments", json::object{{"by", json::array{"os", "os"}}}, "plan.segments.by"},
        {"/segments", json::object{{"by", json::array{"a", "b", "c", "d", "e"}}},
         "plan.segments.by"},
        {"/segments", json::object{{"by", json::array{"OS"}}}, "plan.segments.by"},
        {"/segments", json::object{{"by", json::array{"os"}}, {"window", 5}},
         "plan.segments.window"},
        {"/segments", json::object{{"by", json::array{"os"}}, {"window_start", 0}},
         "plan.segments.window_start"},
        {"/rings/0/promote/segments", "os=any", "plan.rings[0].promote.segments"},
        {"/rings/0/promote/segments", json::array{"any"}, "plan.rings[0].promote.segments"},
        {"/rings/0/promote/segments", json::array(65, "os=any"), "plan.rings[0].promote.segments"},
        {"/rings/0/promote/segments", json::array{"os=" + std::string(257, 'a')},
         "plan.rings[0].promote.segments"},
        {"/rings/0/promote/segments", json::array{"os=any"}, "plan.rings"},
        {"/freeze", json::object{}, "plan.freeze"},
        {"/freeze", json::array(65, freeze_object()), "plan.freeze"},
        {"/freeze", json::array{5}, "plan.freeze[0]"},
        {"/freeze", json::array{freeze_object("name", "")}, "plan.freeze[0].name"},
        {"/freeze", json::array{freeze_object("zone", "")}, "plan.freeze[0].zone"},
        {"/freeze", json::array{freeze_object("from", "friday")}, "plan.freeze[0].from"},
        {"/freeze", json::array{freeze_object("from", "mon 08:00")}, "plan.freeze[0].until"},
        {"/freeze", json::array{freeze_object("until", "2026-12-20 00:00")},
         "plan.freeze[0].until"},
        {"/freeze", json::array{freeze_object("days", 3)}, "plan.freeze[0].days"}};
    for (const Wrong& each : wrong) {
        const auto refused = parse_plan(changed(each.pointer, each.value));

        ASSERT_FALSE(refused) << each.pointer;
        EXPECT_EQ(refused.error(), Errc::kInvalid) << each.pointer;
        EXPECT_TRUE(refused.error().context().starts_with(each.named + ":"))
            << refused.error().context();
    }
}

TEST(Plan, ReadsApprovalsAndFreezesAndWritesThemBack) {
    json::value document = changed(
        "/freeze", json::array{freeze_object(), json::object{{"name", "holidays"},
                                                             {"zone", "UTC"},
                                                             {"from", "2026-12-20 00:00"},
                                                             {"until", "2027-01-03 00:00"}}});
    document.at_pointer("/rings/1").as_object()["approvals"] = {
        {"count", 2}, {"of", json::array{"alice", "bob", "carol"}}};
    const auto plan = parse_plan(document);
    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(plan->rings[0].approvals, 0);
    EXPECT_EQ(plan->rings[1].approvals, 2);
    EXPECT_EQ(plan->rings[1].approvers, (std::vector<std::string>{"alice", "bob", "carol"}));
    ASSERT_EQ(plan->freezes.size(), 2U);
    EXPECT_TRUE(plan->freezes[0].from.weekly);
    EXPECT_FALSE(plan->freezes[1].from.weekly);
    EXPECT_EQ(parse_plan(to_json(*plan)), *plan);
}

TEST(Plan, ReadsSegmentsAndWritesThemBack) {
    json::object document =
        changed("/segments", json::object{{"by", json::array{"os", "tenant"}}, {"window_start", 7}})
            .as_object();
    document.at("rings").at(0).at("promote").as_object()["segments"] =
        json::array{"os=Windows 11 = best"};

    const auto plan = parse_plan(document);

    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(plan->segments, (SegmentRules{{"os", "tenant"}, 7}));
    ASSERT_EQ(plan->rings[0].segments.size(), 1U);
    EXPECT_EQ(plan->rings[0].segments[0], (SegmentName{"os", "Windows 11 = best"}));
    EXPECT_EQ(*parse_plan(to_json(*plan)), *plan);
}

TEST(Plan, HasTheFloorsOfItsVelocity) {
    const auto with_bakes = [](const char* velocity, const char* first, const char* last) {
        json::value document = changed("/velocity", velocity);
        document.at_pointer("/rings/0").as_object()["approvals"] = {{"count", 1}};
        document.at_pointer("/rings/0/bake_floor") = first;
        document.at_pointer("/rings/1/bake_floor") = last;
        return check_floors(parse_plan(document).value()).has_value();
    };
    EXPECT_TRUE(with_bakes("routine", "15m", "15m"));
    EXPECT_FALSE(with_bakes("routine", "14m", "15m"));
    EXPECT_TRUE(with_bakes("urgent", "5m", "15m"));
    EXPECT_FALSE(with_bakes("urgent", "4m", "15m"));
    EXPECT_FALSE(with_bakes("urgent", "5m", "14m"));
    EXPECT_TRUE(with_bakes("emergency", "2m", "15m"));
    EXPECT_FALSE(with_bakes("emergency", "119s", "15m"));
    EXPECT_FALSE(with_bakes("emergency", "2m", "14m"));
    EXPECT_TRUE(with_bakes("lab", "0s", "0s"));
}

TEST(Plan, OfAnEmergencyTakesSomebodyElsesApproval) {
    const auto plan = parse_plan(changed("/velocity", "emergency")).value();
    EXPECT_EQ(check_floors(plan).error().context().find("plan.rings[0].approvals: "), 0U);
}

TEST(Plan, RefusesMoreRingsThanItsLimit) {
    Plan plan = test::three_rings();
    for (std::size_t i = plan.rings.size(); i <= kRingsMax; ++i) {
        plan.rings.push_back(plan.rings.back());
        plan.rings.back().name = "ring-" + std::to_string(i);
    }
    plan.default_ring = plan.rings.back().name;

    EXPECT_EQ(parse_plan(to_json(plan)).error(), Errc::kInvalid);
}

TEST(Duration, ReadsAWholeNumberAndAUnit) {
    EXPECT_EQ(parse_duration("500ms").value(), 500ms);
    EXPECT_EQ(parse_duration("60s").value(), 60s);
    EXPECT_EQ(parse_duration("15m").value(), 15min);
    EXPECT_EQ(parse_duration("4h").value(), 4h);
    EXPECT_EQ(parse_duration("0s").value(), 0s);
    EXPECT_EQ(parse_duration("8784h").value(), std::chrono::days{366});
}

TEST(Duration, RefusesEverythingElse) {
    for (const std::string_view text : {"",
                                        "s",
                                        "5",
                                        "5 s",
                                        " 5s",
                                        "5s ",
                                        "+5s",
                                        "-5s",
                                        "05s",
                                        "00s",
                                        "5S",
                                        "5sec",
                                        "5d",
                                        "1h30m",
                                        "1.5h",
                                        "5ms5",
                                        "0x5s",
                                        "8785h",
                                        "99999999999999999999s",
                                        "9223372036854775807h"}) {
        const auto refused = parse_duration(text);

        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error(), Errc::kMalformed);
    }
}

TEST(Duration, IsWrittenInItsLargestWholeUnit) {
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(1ms), "1ms");
    EXPECT_EQ(format_duration(1000ms), "1s");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(120s), "2m");
    EXPECT_EQ(format_duration(24h), "24h");
    EXPECT_EQ(format_duration(3'600'001ms), "3600001ms");
}

}  // namespace
}  // namespace firebreak::rollout
