// Devices that enrol with a token that names no ring, and what they may try.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "server/access/enrolment.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

using test::RepositorySimulator;

class PlacementRoutes : public test::ServiceFixture {
protected:
    void SetUp() override {
        ServiceFixture::SetUp();
        service_->settings.placement = {{"canary", "early", "broad"},
                                        {{.ring = "canary", .tags = {"early-adopter"}},
                                         {.ring = "early", .tenants = {"acme-internal"}}}};
    }

    static Bytes key_of(const std::string& name) {
        const signing::Ed25519Signer key = RepositorySimulator::signer(name);
        return *hex_decode(key.key().to_json().at("keyval").at("public").as_string());
    }

    net::Response order(json::object body) {
        body["tenant"] = body.contains("tenant") ? body["tenant"] : "acme";
        body["uses"] = 5;
        body["expires_seconds"] = 600;
        return post("/v1/enrolment-tokens", token_of(Role::kAdministrator), body);
    }
    std::string token(json::object body) {
        const net::Response made = order(std::move(body));
        EXPECT_EQ(made.status, 201U) << made.body;
        return std::string(json_of(made).at("token").as_string());
    }

    /// What a device with the key called `name` gets; `more` is in its message too.
    net::Response enrol(const std::string& name, const std::string& token, json::object more = {}) {
        const Bytes public_key = key_of(name);
        Bytes message = to_bytes(std::string_view("firebreak-enrol-v1\0", 19));
        message.insert(message.end(), token.begin(), token.end());
        message.push_back(0);
        message.insert(message.end(), public_key.begin(), public_key.end());
        json::object body{
            {"token", token},
            {"public_key", hex_encode(public_key)},
            {"signature", hex_encode(*RepositorySimulator::signer(name).sign(message))},
            {"engine_build", Sha256{}.hex()},
            {"attributes", json::object{{"host", "h"}}}};
        for (const auto& [member, value] : more) body[member] = value;
        return ask(
            {"POST", "/v1/enrol", {{"Content-Type", "application/json"}}, json::serialize(body)});
    }
    std::string ring(const net::Response& enrolled) {
        EXPECT_EQ(enrolled.status, 201U) << enrolled.body;
        return enrolled.status == 201U ? std::string(json_of(enrolled).at("ring").as_string()) : "";
    }
    json::value shown(const std::string& name) {
        return json_of(get("/v1/fleet/" + device_id_of(key_of(name)), token_of(Role::kViewer)));
    }
};

TEST_F(PlacementRoutes, TheRulesPlaceWhoseTokenNamesNoRing) {
    EXPECT_EQ(ring(enrol("a", token({{"tags", {"early-adopter"}}}))), "canary");
    EXPECT_EQ(ring(enrol("b", token({{"tenant", "acme-internal"}}))), "early");
    EXPECT_EQ(ring(enrol("c", token({}))), "broad");
    EXPECT_EQ(ring(enrol("d", token({{"ring", nullptr}}))), "broad");
    EXPECT_EQ(ring(enrol("e", token({{"ring", "canary"}, {"tags", {"x"}}}))), "canary");
}

TEST_F(PlacementRoutes, SaysHowEachGotThere) {
    enrol("a", token({{"tags", {"early-adopter", "lab"}}}));
    enrol("c", token({}));
    enrol("e", token({{"ring", "canary"}}));

    EXPECT_EQ(shown("a").at("placed").at("by"), "tag");
    EXPECT_EQ(shown("a").at("placed").at("name"), "early-adopter");
    EXPECT_EQ(shown("a").at("tags"), (json::array{"early-adopter", "lab"}));
    EXPECT_EQ(shown("c").at("placed").at("by"), "default");
    EXPECT_EQ(shown("c").at("placed").at("name"), nullptr);
    EXPECT_EQ(shown("e").at("placed").at("by"), "token");
    EXPECT_EQ((*store_->last_entry())->data.at("placed_by"), "token");
}

TEST_F(PlacementRoutes, NothingThatADeviceSaysOfItselfPlacesIt) {
    const json::object boast{{"ring", "canary"},
                             {"tenant", "acme-internal"},
                             {"tags", {"early-adopter"}},
                             {"device", "d-1"},
                             {"placed", {{"by", "token"}}},
                             {"attributes",
                              {{"ring", "canary"},
                               {"tags", "early-adopter"},
                               {"tenant", "acme-internal"},
                               {"host", "early-adopter"}}}};

    EXPECT_EQ(ring(enrol("mallory", token({}), boast)), "broad");
    EXPECT_EQ(shown("mallory").at("tenant"), "acme");
    EXPECT_EQ(shown("mallory").at("tags"), json::array{});
}

TEST_F(PlacementRoutes, AKeyThatIsEnrolledIsNotPlacedAnewByABetterToken) {
    ASSERT_EQ(ring(enrol("mallory", token({}))), "broad");

    EXPECT_EQ(ring(enrol("mallory", token({{"tags", {"early-adopter"}}}))), "broad");
    service_->settings.placement.rules.push_back(
        {.ring = "canary", .devices = {device_id_of(key_of("mallory"))}});
    EXPECT_EQ(ring(enrol("mallory", token({}))), "broad");
}

TEST_F(PlacementRoutes, TheDefaultIsTheLastRingOfTheCeilingThatIsSigned) {
    NewRelease release = this->release(1);
    // A plan that says another order, as the release manager alone could write it.
    release.plan = test::small_plan({"broad", "early", "canary"});
    ASSERT_TRUE(driver_->start(release));
    service_->settings.placement.rings = {"broad", "canary"};

    EXPECT_EQ(ring(enrol("a", token({}))), "broad");
}

TEST_F(PlacementRoutes, FollowsTheRingsOfTheNewestRelease) {
    start(1);
    ASSERT_EQ(ring(enrol("a", token({}))), "broad");
    bundles_.push_back(to_bytes("bundle 2"));
    trust::ContentTerms terms;
    terms.counter = 2;
    terms.ceiling = {{"early", {}, 1}, {"laggards", {}, 1}, {"early", today(), 2}};
    vendor_->add_bundle("yara", bundles_.back(), terms);
    NewRelease next;
    next.id = {"yara", 2};
    next.bundle = sha256(bundles_.back());
    next.target = "content/yara/2.fbb";
    next.plan = test::small_plan({"early", "laggards"});
    next.content_role = vendor_->signed_content();
    next.content_version = vendor_->content.version;
    next.publisher = "operator:alice";
    ASSERT_TRUE(driver_->start(next));

    EXPECT_EQ(ring(enrol("b", token({}))), "laggards");
    EXPECT_EQ(ring(enrol("c", token({{"tags", {"early-adopter"}}}))), "laggards")
        << "there is no canary any longer";
    EXPECT_EQ(ring(enrol("d", token({{"tenant", "acme-internal"}}))), "early");
}

TEST_F(PlacementRoutes, WhereNoRingIsKnownTheDeviceIsToAskAgain) {
    service_->settings.placement = {};
    const std::string without = token({});

    const net::Response response = enrol("a", without);

    EXPECT_EQ(response.status, 503U);
    EXPECT_EQ(problem_name(response), "ring-unknown");
    EXPECT_TRUE(response.headers.contains("Retry-After"));
    EXPECT_EQ(*store_->device_count(), 0);
    start(1);
    EXPECT_EQ(ring(enrol("a", without)), "broad") << "and it spent nothing";
}

TEST_F(PlacementRoutes, ATokenThatIsAskedForBadlyIsNotMade) {
    const std::int64_t log = log_sequence();
    json::array many;
    for (int i = 0; i < 17; ++i) many.push_back(json::value("t" + std::to_string(i)));
    for (const json::object& body : std::vector<json::object>{{{"ring", ""}},
                                                              {{"ring", "two words"}},
                                                              {{"ring", 7}},
                                                              {{"tags", "early-adopter"}},
                                                              {{"tags", {""}}},
                                                              {{"tags", {"a b"}}},
                                                              {{"tags", {".a"}}},
                                                              {{"tags", {"a", "a"}}},
                                                              {{"tags", json::array{7}}},
                                                              {{"tags", {std::string(65, 'a')}}},
                                                              {{"tags", many}}}) {
        const net::Response response = order(body);
        EXPECT_TRUE(response.status == 400U || response.status == 422U) << json::serialize(body);
    }
    EXPECT_EQ(log_sequence(), log);
}

}  // namespace
}  // namespace firebreak::server
