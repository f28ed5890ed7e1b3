#include <algorithm>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

using AccessTest = test::ServiceFixture;

TEST_F(AccessTest, SaysWhoIsAsking) {
    const net::Response response = get("/v1/whoami", token_of(Role::kApprover));

    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(json_of(response), (json::value{{"name", "approver"}, {"role", "approver"}}));
}

TEST_F(AccessTest, GivesOneAnswerToEveryTokenThatIsNotValid) {
    const std::string good = token_of(Role::kViewer);
    std::string wrong_secret = good;
    wrong_secret.back() = 'B';
    std::string unknown_id = good;
    unknown_id[3] = 'f';
    const std::string enrolment = "fbe" + good.substr(2);
    const net::Response first = get("/v1/whoami", wrong_secret);

    EXPECT_EQ(first.status, 401U);
    EXPECT_EQ(problem_name(first), "token-invalid");
    EXPECT_TRUE(first.headers.contains("WWW-Authenticate"));
    for (const std::string& token : {unknown_id, enrolment, good + "A", std::string("nonsense")}) {
        const net::Response response = get("/v1/whoami", token);
        EXPECT_EQ(response.status, 401U) << token;
        EXPECT_EQ(response.body, first.body) << token;
    }
    EXPECT_EQ(ask({"GET", "/v1/whoami", {}, ""}).status, 401U);
    EXPECT_EQ(ask({"GET", "/v1/whoami", {{"Authorization", "Basic " + good}}, ""}).status, 401U);
}

TEST_F(AccessTest, ARevokedTokenIsRefusedAtOnceThoughItWasJustVerified) {
    const std::string token = token_of(Role::kViewer);
    ASSERT_EQ(get("/v1/whoami", token).status, 200U);
    const std::string id = token.substr(3, 16);

    const net::Response revoked =
        ask({"DELETE",
             "/v1/tokens/" + id,
             {{"Authorization", "Bearer " + token_of(Role::kAdministrator)}},
             ""});

    EXPECT_EQ(revoked.status, 204U);
    EXPECT_EQ(get("/v1/whoami", token).status, 401U);
}

TEST_F(AccessTest, AnExpiredTokenIsRefusedThoughItWasJustVerified) {
    const json::value made =
        json_of(post("/v1/tokens", token_of(Role::kAdministrator),
                     {{"name", "short"}, {"role", "viewer"}, {"expires_seconds", 60}}));
    const std::string token(made.at("token").as_string());
    ASSERT_EQ(get("/v1/whoami", token).status, 200U);

    clock_.advance(std::chrono::seconds{60});

    EXPECT_EQ(get("/v1/whoami", token).status, 401U);
}

TEST_F(AccessTest, AnAnswerNeverHoldsASecretOrItsHash) {
    const net::Response list = get("/v1/tokens", token_of(Role::kAdministrator));

    ASSERT_EQ(list.status, 200U);
    EXPECT_EQ(json_of(list).at("tokens").as_array().size(), 6U);
    EXPECT_EQ(list.body.find("argon2"), std::string::npos);
    EXPECT_EQ(list.body.find("AAAAAAAA"), std::string::npos);
}

/// What each role gets, 403 or anything else, at one door.
struct Door {
    const char* method;
    const char* target;
    std::vector<Role> open_to;
};

TEST_F(AccessTest, EachDoorOpensToItsRolesAlone) {
    const std::vector<Role> everybody{Role::kViewer,         Role::kAuthor,        Role::kApprover,
                                      Role::kReleaseManager, Role::kAdministrator, Role::kDriller};
    const std::vector<Role> uploaders{Role::kAuthor, Role::kReleaseManager, Role::kDriller};
    const std::vector<Role> publishers{Role::kReleaseManager, Role::kDriller};
    const std::vector<Role> brakes{Role::kApprover, Role::kReleaseManager};
    const std::vector<Role> manager{Role::kReleaseManager};
    const std::vector<Role> administrator{Role::kAdministrator};
    const std::vector<Door> doors{
        {"GET", "/v1/whoami", everybody},
        {"GET", "/metrics", everybody},
        {"GET", "/v1/content-role", everybody},
        {"GET", "/v1/rollouts", everybody},
        {"GET", "/v1/rollouts/yara/1", everybody},
        {"GET", "/v1/drill", everybody},
        {"GET", "/v1/fleet", everybody},
        {"GET", "/v1/fleet/nobody", everybody},
        {"GET", "/v1/fleet/nobody/explain", everybody},
        {"DELETE", "/v1/fleet/nobody", administrator},
        {"GET", "/v1/census", everybody},
        {"GET", "/v1/log", everybody},
        {"PUT", "/v1/bundles/00", uploaders},
        {"PUT", "/v1/attestations/00", uploaders},
        {"POST", "/v1/releases", publishers},
        {"POST", "/v1/rollouts/yara/1/hold", brakes},
        {"POST", "/v1/rollouts/yara/1/halt", brakes},
        {"POST", "/v1/rollouts/yara/1/resume", manager},
        {"POST", "/v1/rollouts/yara/1/approve", brakes},
        {"POST", "/v1/rollouts/yara/1/override", manager},
        {"POST", "/v1/rollouts/yara/1/grant", brakes},
        {"POST", "/v1/tokens", administrator},
        {"GET", "/v1/tokens", administrator},
        {"DELETE", "/v1/tokens/nothing", administrator},
        {"POST", "/v1/enrolment-tokens", administrator},
    };
    for (const Door& door : doors) {
        for (const Role role : everybody) {
            const net::Response response = ask(
                {door.method, door.target, {{"Authorization", "Bearer " + token_of(role)}}, ""});
            const bool open = std::ranges::find(door.open_to, role) != door.open_to.end();
            EXPECT_EQ(response.status != 403U, open)
                << door.method << " " << door.target << " as " << name_of(role);
            EXPECT_TRUE(open || problem_name(response) == "role-missing");
        }
        EXPECT_EQ(ask({door.method, door.target, {}, ""}).status, 401U) << door.target;
    }
}

TEST_F(AccessTest, ATokenThatIsAskedForBadlyIsNotMade) {
    const std::string administrator = token_of(Role::kAdministrator);
    const std::int64_t log = log_sequence();
    const std::vector<json::value> bodies{
        json::object{},
        {{"name", "x"}},
        {{"name", "x"}, {"role", "root"}},
        {{"name", ""}, {"role", "viewer"}},
        {{"name", "two words"}, {"role", "viewer"}},
        {{"name", std::string(65, 'x')}, {"role", "viewer"}},
        {{"name", "x"}, {"role", "viewer"}, {"expires_seconds", -1}},
        {{"name", "x"}, {"role", "viewer"}, {"expires_seconds", "soon"}}};
    for (const json::value& body : bodies) {
        const net::Response response = post("/v1/tokens", administrator, body);
        EXPECT_TRUE(response.status == 400U || response.status == 422U) << json::serialize(body);
    }
    EXPECT_EQ(log_sequence(), log);
}

TEST(TokenText, HasOneForm) {
    SeededRandom random(7);
    const TokenText token = make_token(random);
    const std::string text = format_token(kApiTokenPrefix, token);

    const auto parsed = parse_token(kApiTokenPrefix, text);

    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->id, token.id);
    EXPECT_EQ(parsed->secret, token.secret);
    EXPECT_FALSE(parse_token(kEnrolmentTokenPrefix, text));
    EXPECT_FALSE(parse_token(kApiTokenPrefix, text + "A"));
    EXPECT_FALSE(parse_token(kApiTokenPrefix, text.substr(0, text.size() - 1)));
    EXPECT_FALSE(parse_token(kApiTokenPrefix, ""));
    std::string upper = text;
    upper[3] = 'G';
    EXPECT_FALSE(parse_token(kApiTokenPrefix, upper));
}

TEST(SecretHash, MatchesItsSecretAlone) {
    const auto hash = hash_secret("secret");

    ASSERT_TRUE(hash);
    EXPECT_TRUE(hash->starts_with("$argon2id$"));
    EXPECT_TRUE(secret_matches(*hash, "secret"));
    EXPECT_FALSE(secret_matches(*hash, "Secret"));
    EXPECT_FALSE(secret_matches("nonsense", "secret"));
}

TEST(VerifiedTokens, ForgetsAfterAMinuteAndKnowsNoOtherHash) {
    VerifiedTokens verified;
    const std::chrono::steady_clock::time_point now{};
    verified.remember({"id", "secret"}, "hash", now);

    EXPECT_TRUE(verified.knows({"id", "secret"}, "hash", now + std::chrono::seconds{59}));
    EXPECT_FALSE(verified.knows({"id", "secret"}, "hash", now + std::chrono::seconds{60}));
    EXPECT_FALSE(verified.knows({"id", "secret"}, "other hash", now));
    EXPECT_FALSE(verified.knows({"id", "other"}, "hash", now));
}

}  // namespace
}  // namespace firebreak::server
