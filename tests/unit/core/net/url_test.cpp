#include "core/net/url.hpp"

#include <gtest/gtest.h>

#include "core/net/errc.hpp"

namespace firebreak::net {
namespace {

TEST(Url, TakesHostPortAndPathApart) {
    const auto url = parse_url("https://Updates.Example.com:8443/stable/");

    ASSERT_TRUE(url) << url.error().to_string();
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "updates.example.com");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->path, "/stable/");
    EXPECT_EQ(url->authority(), "updates.example.com:8443");
}

TEST(Url, UsesPort443AndLeavesItOutOfTheAuthority) {
    const auto url = parse_url("https://example.com");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->port, 443);
    EXPECT_EQ(url->path, "");
    EXPECT_EQ(url->authority(), "example.com");
}

TEST(Url, ReadsAddressesAsHosts) {
    EXPECT_EQ(parse_url("https://192.0.2.7/")->host, "192.0.2.7");
    const auto v6 = parse_url("https://[2001:DB8::1]:8443");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "2001:db8::1");
    EXPECT_EQ(v6->authority(), "[2001:db8::1]:8443");
}

TEST(Url, KeepsThePathByteForByte) {
    EXPECT_EQ(parse_url("https://h/a//b/../%7e/./%2F")->path, "/a//b/../%7e/./%2F");
}

TEST(Url, JoinsBaseAndTargetWithOneSlash) {
    EXPECT_EQ(parse_url("https://h")->target_for("/v1/log?limit=1").value(), "/v1/log?limit=1");
    EXPECT_EQ(parse_url("https://h/")->target_for("/v1").value(), "/v1");
    EXPECT_EQ(parse_url("https://h/base")->target_for("/v1").value(), "/base/v1");
    EXPECT_EQ(parse_url("https://h/base/")->target_for("/v1").value(), "/base/v1");
    EXPECT_EQ(parse_url("https://h/base//")->target_for("/v1").value(), "/base//v1");
}

TEST(Url, RefusesATargetThatWouldBeAnotherRequest) {
    const auto url = parse_url("https://h/base");
    for (const char* target :
         {"", "v1", "//h\r\nX: y", "/a b", "/a\n", "/a#b", "/\x7F", "/\xC3\xA9"}) {
        const auto joined = url->target_for(target);
        ASSERT_FALSE(joined) << target;
        EXPECT_EQ(joined.error(), Errc::kBadUrl);
    }
}

TEST(Url, RefusesEverySchemeButHttps) {
    for (const char* text : {"http://h/", "ftp://h/", "HTTPS://h/", "//h/", "h", "", "https:/h",
                             "https:h", " https://h", "file:///etc/passwd", "https\r\n://h"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error(), Errc::kBadUrl);
    }
}

TEST(Url, ReadsPlainHttpOnlyWhenAsked) {
    EXPECT_FALSE(parse_url("http://127.0.0.1:8080/"));
    const auto url = parse_url("http://127.0.0.1:8080/", Schemes::kHttpToo);
    ASSERT_TRUE(url);
    EXPECT_FALSE(url->tls);
    EXPECT_EQ(parse_url("http://h/", Schemes::kHttpToo)->port, 80);
    EXPECT_TRUE(parse_url("https://h/", Schemes::kHttpToo)->tls);
}

class BadHost : public ::testing::TestWithParam<const char*> {};

TEST_P(BadHost, IsRefused) {
    const auto url = parse_url(std::string("https://") + GetParam() + "/");

    ASSERT_FALSE(url);
    EXPECT_EQ(url.error(), Errc::kBadUrl);
}

INSTANTIATE_TEST_SUITE_P(Url, BadHost,
                         ::testing::Values("", ".", "a..b", "-a", "a-", "a b", "a%20b", "user@h",
                                           "user:pass@h", "h:pass@evil", "1.2.3", "127.1",
                                           "256.1.1.1", "0x7f.1", "h.0x10", "[::1", "[]",
                                           "[1.2.3.4]", "[fe80::1%eth0]", "[::1]x", "h.", "h\\evil",
                                           "h\t", "\xC3\xA9", "h:", "h:0", "h:65536", "h:-1",
                                           "h:+1", "h: 1", "h:1x", "h:99999999999"));

class BadPath : public ::testing::TestWithParam<const char*> {};

TEST_P(BadPath, IsRefused) {
    const auto url = parse_url(std::string("https://h") + GetParam());

    ASSERT_FALSE(url);
    EXPECT_EQ(url.error(), Errc::kBadUrl);
}

INSTANTIATE_TEST_SUITE_P(Url, BadPath,
                         ::testing::Values("/?a=b", "?", "/#x", "#", "/%", "/%2", "/%g0", "/a b",
                                           "/\\", "/<", "/\"", "/\r\nHost: evil", "/\x01",
                                           "/\xC3\xA9"));

TEST(Url, RefusesNamesLongerThanDnsAllows) {
    EXPECT_TRUE(parse_url("https://" + std::string(63, 'a')));
    EXPECT_FALSE(parse_url("https://" + std::string(64, 'a')));
    EXPECT_FALSE(parse_url("https://h/" + std::string(2048, 'a')));
}

}  // namespace
}  // namespace firebreak::net
