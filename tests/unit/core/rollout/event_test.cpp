#include "core/rollout/event.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <limits>

#include "core/base/errc.hpp"
#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using test::kStart;

/// One of each type, with every member set.
std::vector<EventBody> one_of_each() {
    return {Activated{"device-1", "tenant", "lab"},
            Confirmed{"device-1"},
            Crashed{"device-1"},
            RolledBack{"device-1"},
            Refused{"device-1"},
            ControlSeen{100, 5, 2},
            FleetSeen{{{"broad", 0}, {"lab", 12}}},
            Started{},
            RingOpened{"lab"},
            RingSkipped{"lab"},
            Widened{"lab", 10, 250'000'000},
            Held{"because \"so\"\n\xc3\xa4"},
            Resumed{"operator:alice", "looked"},
            Halted{"3 of 5 devices failed", -9'210'340},
            Completed{},
            Superseded{std::numeric_limits<std::int64_t>::max()},
            LossesSeen{.heard = {{"lab", 12}},
                       .lost = {{"lab", 1}},
                       .control_heard = {{"broad", 100}, {"lab", 7}},
                       .control_lost = {{"broad", 2}},
                       .silent = {{"lab", 3}},
                       .silent_tenants = 2},
            FreezeSeen{"weekends", kStart, kStart + std::chrono::hours{60}},
            Approved{"alice", "broad", "looks good"},
            OverrideAsked{"alice", "lab", "a worm is out"},
            OverrideGranted{"bob", "lab", "seen it"},
            ResumeAsked{"alice", "its disk died"},
            ResumeGranted{"bob", "alice", "so it did"}};
}

TEST(Event, HasThisForm) {
    EXPECT_EQ(json::serialize(to_json(
                  {kStart + std::chrono::milliseconds{7}, Activated{"device-1", "tenant", "lab"}})),
              R"({"type":"activated","time":"2027-01-15T08:00:00.007Z","device":"device-1",)"
              R"("tenant":"tenant","ring":"lab"})");
    EXPECT_EQ(json::serialize(
                  to_json({kStart, Activated{"device-1", "tenant", "lab", {"Windows 11", ""}}})),
              R"({"type":"activated","time":"2027-01-15T08:00:00.000Z","device":"device-1",)"
              R"("tenant":"tenant","ring":"lab","segments":["Windows 11",""]})");
    EXPECT_EQ(json::serialize(to_json({kStart, FleetSeen{{{"lab", 12}}}})),
              R"({"type":"fleet-seen","time":"2027-01-15T08:00:00.000Z",)"
              R"("active_by_ring":{"lab":12}})");
}

TEST(Event, ReadsBackEachTypeItWrites) {
    ASSERT_EQ(one_of_each().size(), std::variant_size_v<EventBody>);
    for (const EventBody& body : one_of_each()) {
        const Event event{kStart + std::chrono::milliseconds{123}, body};

        const auto read = parse_event(parse_json(json::serialize(to_json(event))).value());

        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(*read, event) << type_of(body);
    }
}

TEST(Event, ReadsBackWhatADeviceIs) {
    const Event event{kStart, Activated{"device-1", "tenant", "lab", {"Windows 11", ""}}};

    EXPECT_EQ(parse_event(to_json(event)).value(), event);
}

TEST(Event, RefusesEachTypeWithoutAnyOneOfItsMembersOrWithOneMore) {
    for (const EventBody& body : one_of_each()) {
        const json::object whole = to_json(Event{kStart, body}).as_object();
        for (const auto& member : whole) {
            json::object without = whole;
            without.erase(member.key());
            EXPECT_EQ(parse_event(without).error(), Errc::kMalformed)
                << type_of(body) << " without " << member.key();

            json::object wrong = whole;
            wrong[member.key()] = json::array{};
            EXPECT_EQ(parse_event(wrong).error(), Errc::kMalformed)
                << type_of(body) << " with another " << member.key();
        }
        json::object more = whole;
        more["more"] = 1;
        EXPECT_EQ(parse_event(more).error(), Errc::kMalformed) << type_of(body);
    }
}

TEST(Event, AHoldMaySayWhoMadeItAndThoseOfBeforeDoNot) {
    const Event unsaid{kStart, Held{"look"}};
    EXPECT_EQ(json::serialize(to_json(unsaid)),
              R"({"type":"held","time":"2027-01-15T08:00:00.000Z","reason":"look"})");
    for (const HeldBy by : {HeldBy::kController, HeldBy::kPerson}) {
        const Event said{kStart, Held{"look", by}};
        json::object text = to_json(said).as_object();
        EXPECT_EQ(text["by"].as_string(), name_of(by));
        EXPECT_EQ(parse_event(text).value(), said);
        text.erase("by");
        EXPECT_EQ(parse_event(text).value(), unsaid);
        for (const json::value& wrong : json::array{"", "nobody", "Controller", nullptr, 1}) {
            text["by"] = wrong;
            EXPECT_EQ(parse_event(text).error(), Errc::kMalformed) << wrong;
        }
    }
}

TEST(Event, RefusesValuesOutsideTheirLimits) {
    const auto refuses = [](EventBody body) {
        const auto read = parse_event(to_json(Event{kStart, std::move(body)}));
        return !read && read.error() == Errc::kMalformed;
    };
    EXPECT_TRUE(refuses(Confirmed{std::string(257, 'd')}));
    EXPECT_TRUE(refuses(Held{std::string(4097, 'r')}));
    EXPECT_TRUE(refuses(Resumed{std::string(257, 'a'), ""}));
    EXPECT_TRUE(refuses(ResumeAsked{std::string(257, 'a'), ""}));
    EXPECT_TRUE(refuses(ResumeGranted{"bob", std::string(257, 'a'), ""}));
    EXPECT_TRUE(refuses(ControlSeen{-1, 0, 0}));
    EXPECT_TRUE(refuses(ControlSeen{0, 1'000'000'000'001, 0}));
    EXPECT_TRUE(refuses(FleetSeen{{{"lab", -1}}}));
    EXPECT_TRUE(refuses(FleetSeen{{{std::string(257, 'r'), 1}}}));
    EXPECT_TRUE(refuses(Widened{"lab", -1, 0}));
    EXPECT_TRUE(refuses(Superseded{-1}));
    EXPECT_TRUE(refuses(LossesSeen{.lost = {{"lab", -1}}}));
    EXPECT_TRUE(refuses(LossesSeen{.control_heard = {{"lab", 1'000'000'000'001}}}));
    EXPECT_TRUE(refuses(LossesSeen{.silent = {{std::string(257, 'r'), 1}}}));
    EXPECT_TRUE(refuses(LossesSeen{.silent_tenants = -1}));
    EXPECT_TRUE(refuses(Activated{"d", "t", "lab", {std::string(257, 's')}}));
    EXPECT_TRUE(refuses(Activated{"d", "t", "lab", {"1", "2", "3", "4", "5"}}));
    json::object none = to_json(Event{kStart, Activated{"d", "t", "lab", {"1"}}}).as_object();
    none["segments"] = json::array{};  // One log has one form.
    EXPECT_EQ(parse_event(none).error(), Errc::kMalformed);
    FleetSeen crowd;
    for (int i = 0; i < 1025; ++i) crowd.active_by_ring["r" + std::to_string(i)] = 1;
    EXPECT_TRUE(refuses(crowd));
}

TEST(Event, RefusesATypeOrTimeThatIsNone) {
    json::object event = to_json(Event{kStart, Started{}}).as_object();
    event["type"] = "STARTED";
    EXPECT_EQ(parse_event(event).error(), Errc::kMalformed);
    event["type"] = "started";
    for (const char* time : {"2027-01-15T08:00:00Z", "2027-01-15T08:00:00.1Z", "yesterday",
                             "2027-02-29T08:00:00.000Z", "1969-12-31T23:59:59.999Z"}) {
        event["time"] = time;
        EXPECT_EQ(parse_event(event).error(), Errc::kMalformed) << time;
    }
    EXPECT_EQ(parse_event(json::value(nullptr)).error(), Errc::kMalformed);
    EXPECT_EQ(parse_event(json::array{}).error(), Errc::kMalformed);
}

}  // namespace
}  // namespace firebreak::rollout
