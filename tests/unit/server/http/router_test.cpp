#include "server/http/router.hpp"

#include <gtest/gtest.h>

namespace firebreak::server {
namespace {

using Segments = std::vector<std::string>;

boost::asio::awaitable<Answer> nothing(RequestContext) {
    co_return empty_response(204);
}

class RouterTest : public ::testing::Test {
protected:
    void add(std::string method, std::string pattern) {
        router_.add(
            {.method = std::move(method), .pattern = std::move(pattern), .handler = nothing});
    }
    // The pattern that `path` goes to, or the status that refuses it.
    std::string found(std::string_view method, const Segments& path) const {
        const auto match = router_.find(method, path);
        return match ? match->route->pattern : std::to_string(match.error().status);
    }

    Router router_;
};

TEST_F(RouterTest, FindsLiteralsAndPlaceholders) {
    add("GET", "/");
    add("GET", "/v1/rollouts");
    add("GET", "/v1/rollouts/{stream}/{counter}");
    add("POST", "/v1/rollouts/{stream}/{counter}/halt");

    EXPECT_EQ(found("GET", {}), "/");
    EXPECT_EQ(found("GET", {"v1", "rollouts"}), "/v1/rollouts");
    EXPECT_EQ(found("POST", {"v1", "rollouts", "yara", "7", "halt"}),
              "/v1/rollouts/{stream}/{counter}/halt");
    const auto match = router_.find("GET", {"v1", "rollouts", "yara", "7"});
    ASSERT_TRUE(match);
    EXPECT_EQ(match->parameters.at("stream"), "yara");
    EXPECT_EQ(match->parameters.at("counter"), "7");
}

TEST_F(RouterTest, PrefersTheLiteralThenThePlaceholderThenTheRest) {
    add("GET", "/f/{rest...}");
    add("GET", "/f/{one}");
    add("GET", "/f/fixed");

    EXPECT_EQ(found("GET", {"f", "fixed"}), "/f/fixed");
    EXPECT_EQ(found("GET", {"f", "other"}), "/f/{one}");
    EXPECT_EQ(found("GET", {"f", "a", "b"}), "/f/{rest...}");
}

TEST_F(RouterTest, ComesBackFromALiteralThatLeadsNowhere) {
    add("GET", "/a/b/c");
    add("GET", "/a/{x}/d");
    add("GET", "/{all...}");

    EXPECT_EQ(found("GET", {"a", "b", "d"}), "/a/{x}/d");
    EXPECT_EQ(found("GET", {"a", "b", "e"}), "/{all...}");
    EXPECT_EQ(router_.find("GET", {"a", "b", "e"})->parameters.at("all"), "a/b/e");
}

TEST_F(RouterTest, JoinsTheRestAndWantsOneSegmentAtLeast) {
    add("GET", "/tuf/targets/{path...}");

    EXPECT_EQ(router_.find("GET", {"tuf", "targets", "a", "b"})->parameters.at("path"), "a/b");
    EXPECT_EQ(found("GET", {"tuf", "targets"}), "404");
}

TEST_F(RouterTest, SaysNotFoundForWhatNoPatternFits) {
    add("GET", "/v1/log");

    EXPECT_EQ(found("GET", {"v1"}), "404");
    EXPECT_EQ(found("GET", {"v1", "log", "x"}), "404");
    EXPECT_EQ(found("GET", {}), "404");
    EXPECT_EQ(found("GET", {"v1", "LOG"}), "404");
}

TEST_F(RouterTest, SaysWhichMethodsThereAre) {
    add("GET", "/v1/tokens");
    add("POST", "/v1/tokens");

    const auto match = router_.find("DELETE", {"v1", "tokens"});

    ASSERT_FALSE(match);
    EXPECT_EQ(match.error().status, 405U);
    EXPECT_EQ(match.error().headers.at("Allow"), "GET, HEAD, POST");
}

TEST_F(RouterTest, ServesHeadByGetAlone) {
    add("GET", "/a");
    add("POST", "/b");

    EXPECT_EQ(found("HEAD", {"a"}), "/a");
    EXPECT_EQ(found("HEAD", {"b"}), "405");
}

using RouterDeathTest = RouterTest;

TEST_F(RouterDeathTest, TakesNoPatternThatIsAMistake) {
    add("GET", "/a/{x}");
    EXPECT_DEATH(add("GET", "/a/{x}"), "");
    EXPECT_DEATH(add("POST", "/a/{y}"), "");
    EXPECT_DEATH(add("GET", "/b/{x}/{x}"), "");
    EXPECT_DEATH(add("GET", "/b/{x...}/c"), "");
    EXPECT_DEATH(add("GET", "/b/{}"), "");
    EXPECT_DEATH(add("GET", "/b/{x"), "");
    EXPECT_DEATH(add("GET", "/b//c"), "");
    EXPECT_DEATH(add("GET", "/b/"), "");
    EXPECT_DEATH(add("GET", "b"), "");
}

}  // namespace
}  // namespace firebreak::server
