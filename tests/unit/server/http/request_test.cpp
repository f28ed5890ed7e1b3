#include "server/http/request.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::server {
namespace {

using test::accepted;
using test::refused;
using namespace std::literals;

TEST(PercentDecode, DecodesWhatIsCodedAndNothingElse) {
    EXPECT_EQ(percent_decode("a%20b%2Fc%2f").value(), "a b/c/");
    EXPECT_EQ(percent_decode("a+b").value(), "a+b");
    EXPECT_EQ(percent_decode("%C3%A9%e2%82%ac%F0%9F%94%A5").value(), "é€🔥");
    EXPECT_EQ(percent_decode("%2525").value(), "%25");  // Once, not twice.
    EXPECT_EQ(percent_decode("").value(), "");
}

TEST(PercentDecode, RefusesBrokenCoding) {
    for (const char* text : {"%", "%2", "a%", "%g0", "%0g", "%%20", "% 20", "%-1", "%+1"}) {
        EXPECT_TRUE(refused(percent_decode(text), Errc::kMalformed)) << text;
    }
}

TEST(PercentDecode, RefusesControlCharactersHoweverTheyAreWritten) {
    for (const char* text : {"%00", "%0a", "%0D", "%1f", "%7F", "a\tb", "%c2%80", "%C2%9f"}) {
        EXPECT_TRUE(refused(percent_decode(text), Errc::kMalformed)) << text;
    }
    EXPECT_TRUE(refused(percent_decode("a\0b"sv), Errc::kMalformed));
}

TEST(PercentDecode, RefusesWhatIsNotUtf8) {
    // Overlong forms are the classic way to smuggle "/" and "." past a check of the bytes.
    for (const char* text : {"%ff", "%80", "%c0%ae", "%c0%af", "%c1%bf", "%e0%80%ae", "%e0%9f%bf",
                             "%f0%80%80%ae", "%f0%8f%bf%bf", "%ed%a0%80", "%f4%90%80%80",
                             "%f8%88%80%80%80", "%c3", "%e2%82", "%f0%9f%94", "%c3a"}) {
        EXPECT_TRUE(refused(percent_decode(text), Errc::kMalformed)) << text;
    }
}

TEST(Query, ReadsNamesAndValues) {
    const auto query = Query::parse("limit=10&after=a%26b&flag&empty=&x=1=2");

    ASSERT_TRUE(accepted(query));
    EXPECT_EQ(*query->find("limit"), "10");
    EXPECT_EQ(*query->find("after"), "a&b");
    EXPECT_EQ(*query->find("flag"), "");
    EXPECT_EQ(*query->find("empty"), "");
    EXPECT_EQ(*query->find("x"), "1=2");
    EXPECT_EQ(query->find("none"), nullptr);
}

TEST(Query, RefusesANameGivenTwiceHoweverItIsWritten) {
    EXPECT_TRUE(refused(Query::parse("a=1&a=1"), Errc::kInvalid));
    EXPECT_TRUE(refused(Query::parse("a=1&%61=2"), Errc::kInvalid));
}

TEST(Query, RefusesParametersWithoutANameAndTooMany) {
    EXPECT_TRUE(refused(Query::parse("=1"), Errc::kMalformed));
    EXPECT_TRUE(refused(Query::parse("a=1&&b=2"), Errc::kMalformed));
    EXPECT_TRUE(refused(Query::parse("a=%"), Errc::kMalformed));
    std::string many = "a0";
    for (int i = 1; i < 32; ++i) many += "&a" + std::to_string(i);
    EXPECT_TRUE(accepted(Query::parse(many)));
    EXPECT_TRUE(refused(Query::parse(many + "&more"), Errc::kInvalid));
}

TEST(Query, ReadsIntegersWithinTheirRangeAlone) {
    const auto query = Query::parse("a=5&b=-1&d=5x&e=&f= 5&g=9223372036854775808&h=+5");

    ASSERT_TRUE(accepted(query));
    EXPECT_EQ(query->integer("a", 1, 10).value(), 5);
    EXPECT_EQ(query->integer("none", 1, 10).value(), std::nullopt);
    EXPECT_EQ(query->integer("b", -1, 10).value(), -1);
    for (const char* name : {"d", "e", "f", "g", "h"}) {
        EXPECT_TRUE(refused(query->integer(name, 0, INT64_MAX), Errc::kInvalid)) << name;
    }
    EXPECT_TRUE(refused(query->integer("a", 6, 10), Errc::kInvalid));
    EXPECT_TRUE(refused(query->integer("a", 1, 4), Errc::kInvalid));
}

TEST(Query, RefusesANameThatNobodyReads) {
    const auto query = Query::parse("ring=canary&limt=5");

    EXPECT_TRUE(refused(query->only({"ring", "limit"}), Errc::kInvalid));
    EXPECT_TRUE(accepted(query->only({"ring", "limt"})));
    EXPECT_TRUE(accepted(Query().only({})));
}

TEST(Target, IsPathAndQuery) {
    const auto target = parse_target("/v1/rollouts/a%20b?limit=5");

    ASSERT_TRUE(accepted(target));
    EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "rollouts", "a b"}));
    EXPECT_EQ(*target->query.find("limit"), "5");
    EXPECT_EQ(target->origin, "/v1/rollouts/a%20b?limit=5");
    EXPECT_TRUE(parse_target("/")->segments.empty());
    EXPECT_TRUE(parse_target("/?a=1")->segments.empty());
}

TEST(Target, MayBeAbsolute) {
    const auto target = parse_target("HTTPS://host:8443/v1/log?limit=5");

    ASSERT_TRUE(accepted(target));
    EXPECT_EQ(target->origin, "/v1/log?limit=5");
    EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "log"}));
}

TEST(Target, SaysOneThingOnly) {
    for (const char* text :
         {"",         "v1",      "*",    "host:443",  "https://host", "ftp://host/a",
          "?a=1",     "//",      "//a",  "/a//b",     "/a/",          "/.",
          "/..",      "/a/../b", "/%2e", "/%2e%2E/a", "/.%2e",        "/a%2fb",
          "/a%5Cb",   "/a\\b",   "/%00", "/a%0a",     "/%",           "/%c0%ae%c0%ae/a",
          "/a?b=%zz", "/a?b=%00"}) {
        EXPECT_TRUE(refused(parse_target(text), Errc::kMalformed)) << text;
    }
}

TEST(Target, HasALimitedDepth) {
    std::string path;
    for (int i = 0; i < 32; ++i) path += "/a";
    EXPECT_TRUE(accepted(parse_target(path)));
    EXPECT_TRUE(refused(parse_target(path + "/a"), Errc::kMalformed));
}

RequestContext with_header(std::string name, std::string value) {
    RequestContext context;
    context.request.headers.emplace(std::move(name), std::move(value));
    return context;
}

TEST(RequestContext, FindsABearerToken) {
    EXPECT_EQ(with_header("authorization", "Bearer abc-._~+/=").bearer_token(), "abc-._~+/=");
    EXPECT_EQ(with_header("Authorization", "bearer abc").bearer_token(), "abc");
}

TEST(RequestContext, TakesNothingElseForAToken) {
    for (const char* value :
         {"", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "Bearer a b", "Bearer a, Bearer b",
          "Bearer \xC3\xA9", " Bearer abc", "Bearer  abc", "Bearer abc\t"}) {
        EXPECT_EQ(with_header("Authorization", value).bearer_token(), std::nullopt) << value;
    }
    EXPECT_EQ(RequestContext().bearer_token(), std::nullopt);
}

TEST(RequestContext, ReadsJsonOfTheRightType) {
    RequestContext context = with_header("Content-Type", "Application/JSON; charset=utf-8");
    context.request.body = "{\"a\":1}";
    EXPECT_TRUE(accepted(context.json_body()));
    context.request.body = "{\"a\":1,\"a\":2}";
    EXPECT_TRUE(refused(context.json_body(), Errc::kMalformed));
    context.request.headers["Content-Type"] = "text/plain";
    EXPECT_TRUE(refused(context.json_body(), Errc::kInvalid));
    context.request.headers.clear();
    EXPECT_TRUE(refused(context.json_body(), Errc::kInvalid));
}

TEST(RequestContext, ReadsPathNumbersInOneFormOnly) {
    RequestContext context;
    context.path = {
        {"ok", "42"},    {"zero", "0"},  {"max", "9223372036854775807"}, {"lead", "042"},
        {"minus", "-1"}, {"plus", "+1"}, {"big", "9223372036854775808"}, {"text", "4x"}};

    EXPECT_EQ(context.integer("ok").value(), 42);
    EXPECT_EQ(context.integer("zero").value(), 0);
    EXPECT_EQ(context.integer("max").value(), INT64_MAX);
    for (const char* name : {"lead", "minus", "plus", "big", "text"}) {
        EXPECT_TRUE(refused(context.integer(name), Errc::kInvalid)) << name;
    }
}

TEST(RequestContext, KeepsThePathAsItWasSent) {
    RequestContext context;
    context.request.target = "/v1/a%20b?c=d";
    EXPECT_EQ(context.raw_path(), "/v1/a%20b");
}

}  // namespace
}  // namespace firebreak::server
