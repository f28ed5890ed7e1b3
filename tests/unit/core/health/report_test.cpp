// A report is the one thing that every device in the world may send us: strict, small, and nothing
// in
// it that could end up in a terminal or a log as anything but text.

#include "core/health/report.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::health {
namespace {

Report a_crash() {
    Report report;
    report.device = "device-1.A_b";
    report.sequence = 7;
    report.kind = Kind::kCrash;
    report.stream = "yara";
    report.counter = 42;
    report.engine_build.bytes.fill(0xAB);
    report.time = Instant{std::chrono::milliseconds{1'800'000'000'123}};
    report.detail = "SIGSEGV in evaluate";
    return report;
}

/// A valid report's JSON with one member put in place of its own.
std::string with(std::string_view member, const json::value& value) {
    json::object object = parse_json(serialize_report(a_crash())).value().as_object();
    object[json::string_view(member.data(), member.size())] = value;
    return json::serialize(object);
}

std::string without(std::string_view member) {
    json::object object = parse_json(serialize_report(a_crash())).value().as_object();
    object.erase(json::string_view(member.data(), member.size()));
    return json::serialize(object);
}

TEST(Report, HasThisForm) {
    EXPECT_EQ(
        serialize_report(a_crash()),
        R"({"device":"device-1.A_b","sequence":7,"kind":"crash","stream":"yara","counter":42,)"
        R"("to_counter":0,"engine_build":")"
        "abababababababababababababababababababababababababababababababab"
        R"(","time":"2027-01-15T08:00:00.123Z","detail":"SIGSEGV in evaluate"})");
}

TEST(Report, ReadsBackWhatItWrites) {
    for (const Kind kind : {Kind::kActivating, Kind::kHealthy, Kind::kHeartbeat, Kind::kCrash,
                            Kind::kRollback, Kind::kRefused}) {
        Report report = a_crash();
        report.kind = kind;
        if (kind == Kind::kRollback) report.to_counter = 41;
        if (kind == Kind::kHeartbeat) report.counter = 0;

        EXPECT_EQ(parse_report(serialize_report(report)).value(), report) << name_of(kind);
    }
}

TEST(Report, SaysWhatADeviceIsThatIsAboutToActivate) {
    Report report = a_crash();
    report.kind = Kind::kActivating;
    report.attributes = {{"os", "Windows 11"}, {"hardware", "laptop"}};

    EXPECT_EQ(parse_report(serialize_report(report)).value(), report);
    report.attributes["os"] = "\x1b[31m" + std::string(200, 'x');
    EXPECT_EQ(parse_report(serialize_report(report)).value().attributes.at("os"),
              "?[31m" + std::string(95, 'x'));
}

TEST(Report, RefusesAttributesThatAreNone) {
    const auto refuses = [](const char* kind, const json::value& attributes) {
        json::object object = parse_json(with("kind", kind)).value().as_object();
        object["attributes"] = attributes;
        const auto report = parse_report(json::serialize(object));
        return !report && report.error() == Errc::kMalformed &&
               report.error().context().starts_with("report.attributes: ");
    };
    EXPECT_FALSE(refuses("activating", json::object{{"os", "x"}}));
    EXPECT_TRUE(refuses("crash", json::object{{"os", "x"}}));
    const std::vector<json::object> wrong_ones{{},
                                               {{"", "x"}},
                                               {{"OS", "x"}},
                                               {{"color", "x"}},
                                               {{"os", 5}},
                                               {{"os", std::string(101, 'x')}},
                                               {{"os", "line\n"}}};
    for (const json::object& wrong : wrong_ones) {
        EXPECT_TRUE(refuses("activating", wrong)) << json::serialize(wrong);
    }
    EXPECT_FALSE(parse_report(with("attributes", json::array{})));
}

TEST(Report, TakesATimeWithoutMilliseconds) {
    const auto report = parse_report(with("time", "2027-01-15T08:00:00Z"));

    ASSERT_TRUE(report);
    EXPECT_EQ(report->time, Instant{std::chrono::seconds{1'800'000'000}});
}

TEST(Report, WritesADetailThatACrashLeftBehindAsPrintableAscii) {
    Report report = a_crash();
    report.detail = std::string("\x1b[31m\n\0\xff", 8) + std::string(600, 'x');

    const auto read = parse_report(serialize_report(report));

    ASSERT_TRUE(read);
    EXPECT_EQ(read->detail.size(), kDetailBytesMax);
    EXPECT_TRUE(read->detail.starts_with("?[31m???xxx"));
}

TEST(Report, RefusesAMissingMember) {
    for (const std::string_view member : {"device", "sequence", "kind", "stream", "counter",
                                          "to_counter", "engine_build", "time", "detail"}) {
        const auto refused = parse_report(without(member));

        ASSERT_FALSE(refused) << member;
        EXPECT_EQ(refused.error(), Errc::kMalformed);
        EXPECT_NE(refused.error().context().find(member), std::string::npos)
            << refused.error().context();
    }
}

TEST(Report, RefusesAMemberItDoesNotKnowWithoutRepeatingIt) {
    const auto refused = parse_report(with("\x1b]0;owned", 1));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::kMalformed);
    EXPECT_EQ(refused.error().context().find('\x1b'), std::string::npos);
}

TEST(Report, RefusesValuesOutsideTheirLimits) {
    struct Wrong {
        std::string member;
        json::value value;
    };
    const std::vector<Wrong> wrong{{"device", ""},
                                   {"device", json::string(65, 'd')},
                                   {"device", "a b"},
                                   {"device", "a/../b"},
                                   {"device", "d\n"},
                                   {"device", 5},
                                   {"sequence", 0},
                                   {"sequence", -1},
                                   {"sequence", 1.5},
                                   {"sequence", 9223372036854775808ULL},
                                   {"sequence", "1"},
                                   {"kind", "Crash"},
                                   {"kind", ""},
                                   {"kind", "crashed"},
                                   {"stream", "Yara"},
                                   {"stream", ""},
                                   {"stream", json::string(65, 's')},
                                   {"counter", 0},  // A crash is about some bundle.
                                   {"counter", -1},
                                   {"to_counter", -1},
                                   {"to_counter", 3},  // Only a rollback goes somewhere.
                                   {"engine_build", json::string(64, 'A')},
                                   {"engine_build", json::string(63, 'a')},
                                   {"engine_build", json::string(64, 'g')},
                                   {"time", "2027-01-15 08:00:00Z"},
                                   {"time", "2027-02-30T08:00:00Z"},
                                   {"time", "2027-01-15T08:00:00.12Z"},
                                   {"time", "2027-01-15T08:00:00.1234Z"},
                                   {"time", "2027-01-15T08:00:00.-12Z"},
                                   {"time", 1'800'000'000},
                                   {"detail", json::string(501, 'x')},
                                   {"detail", "tab\t"},
                                   {"detail", "\xc3\xa4"},
                                   {"detail", nullptr}};
    for (const auto& [member, value] : wrong) {
        const auto refused = parse_report(with(member, value));

        ASSERT_FALSE(refused) << member << " = " << json::serialize(value);
        EXPECT_EQ(refused.error(), Errc::kMalformed);
        EXPECT_NE(refused.error().context().find("report." + member), std::string::npos)
            << refused.error().context();
    }
}

TEST(Report, RefusesWhatIsNotOneStrictJsonObject) {
    const std::string good = serialize_report(a_crash());
    for (const std::string& text :
         {std::string(), std::string("null"), std::string("[]"), good + good, good + "x",
          good.substr(0, good.size() - 1), "{\"device\":\"a\"," + good.substr(1),
          with("detail", json::array{}), with("detail", json::object{{"a", json::array{1}}})}) {
        const auto refused = parse_report(text);

        EXPECT_FALSE(refused) << text;
    }
}

TEST(Report, RefusesMoreThanItsLimitOfBytes) {
    std::string text = serialize_report(a_crash());
    text.append(kReportBytesMax - text.size(), ' ');
    EXPECT_TRUE(parse_report(text));

    text += ' ';

    EXPECT_EQ(parse_report(text).error(), Errc::kTooLarge);
}

}  // namespace
}  // namespace firebreak::health
