#include "server/http/response_head.hpp"

#include <gtest/gtest.h>

#include "server/http/date.hpp"
#include "server/http/static_files.hpp"

namespace firebreak::server {
namespace {

const Instant kNow = std::chrono::sys_seconds{std::chrono::seconds{1'795'384'747}};

TEST(HttpDate, HasItsOneForm) {
    EXPECT_EQ(http_date(Instant{}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(kNow), "Sun, 22 Nov 2026 21:59:07 GMT");
    EXPECT_EQ(http_date(kNow + std::chrono::milliseconds{999}), http_date(kNow));
}

TEST(ResponseHead, FramesTheAnswer) {
    const Reply reply(net::Response{201, {{"Location", "/v1/x"}}, "abc"});

    EXPECT_EQ(response_head(reply, {"0123456789abcdef", kNow, true}),
              "HTTP/1.1 201 Created\r\n"
              "Date: Sun, 22 Nov 2026 21:59:07 GMT\r\n"
              "X-Request-Id: 0123456789abcdef\r\n"
              "X-Content-Type-Options: nosniff\r\n"
              "Cache-Control: no-store\r\n"
              "Location: /v1/x\r\n"
              "Content-Length: 3\r\n"
              "Connection: close\r\n\r\n");
}

TEST(ResponseHead, LeavesCachingToTheHandlerThatSaysSo) {
    const Reply reply(net::Response{200, {{"cache-control", "public"}}, {}});

    const std::string head = response_head(reply, {"id", kNow, false});

    EXPECT_EQ(head.find("no-store"), std::string::npos);
    EXPECT_EQ(head.find("Connection"), std::string::npos);
}

TEST(ResponseHead, HasNoLengthWhereThereIsNoBody) {
    for (const unsigned status : {204U, 304U}) {
        const std::string head = response_head(empty_response(status), {"id", kNow, false});
        EXPECT_EQ(head.find("Content-Length"), std::string::npos);
    }
}

TEST(ResponseHead, RefusesWhatWouldBeMoreThanOneAnswer) {
    EXPECT_TRUE(can_be_sent({200, {{"X-A", "b"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"X-A", "b\r\nX-C: d"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"X-A", "b\n"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"X A", "b"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"", "b"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"content-length", "0"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"Transfer-Encoding", "chunked"}}, {}}));
    EXPECT_FALSE(can_be_sent({200, {{"Connection", "upgrade"}}, {}}));
    EXPECT_FALSE(can_be_sent({100, {}, {}}));
    EXPECT_FALSE(can_be_sent({0, {}, {}}));
    EXPECT_FALSE(can_be_sent({1000, {}, {}}));
}

TEST(ConsistentName, BeginsWithAVersionOrADigest) {
    const std::string digest(64, 'a');
    EXPECT_TRUE(is_consistent_name("1.root.json"));
    EXPECT_TRUE(is_consistent_name("42.snapshot.json"));
    EXPECT_TRUE(is_consistent_name(digest + ".bundle.fbb"));
    EXPECT_TRUE(is_consistent_name(digest + digest + ".x"));
    const std::vector<std::string> others = {"timestamp.json",
                                             "root.json",
                                             "",
                                             ".1",
                                             "1",
                                             "-1.root.json",
                                             "1a.root.json",
                                             digest,
                                             digest.substr(1) + ".x",
                                             std::string(64, 'A') + ".x"};
    for (const std::string& name : others) EXPECT_FALSE(is_consistent_name(name)) << name;
}

}  // namespace
}  // namespace firebreak::server
