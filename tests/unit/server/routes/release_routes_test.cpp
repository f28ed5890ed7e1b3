#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "tests/unit/server/release_kit.hpp"
#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

class ReleaseRoutesTest : public test::ServiceFixture {
protected:
    void SetUp() override {
        ServiceFixture::SetUp();
        kit_.emplace(*vendor_, 1, today());
        kit_->list();
    }

    net::Response upload(const std::string& kind, const Bytes& bytes) {
        return put("/v1/" + kind + "/" + sha256(bytes).hex(), manager_, bytes);
    }

    net::Response publish(const json::value& body) { return post("/v1/releases", manager_, body); }

    json::object body() const {
        return {{"bundle", sha256(kit_->bundle()).hex()},
                {"attestation", sha256(kit_->envelope()).hex()},
                {"content_metadata", base64_encode(vendor_->signed_content())},
                {"plan", rollout::to_json(kit_->plan)}};
    }

    void upload_all() {
        ASSERT_EQ(upload("bundles", kit_->bundle()).status, 201U);
        ASSERT_EQ(upload("attestations", kit_->envelope()).status, 201U);
    }

    std::string manager_ = token_of(Role::kReleaseManager);
    std::optional<test::ReleaseKit> kit_;
};

TEST_F(ReleaseRoutesTest, PublishesABundle) {
    upload_all();

    const net::Response response = publish(body());

    ASSERT_EQ(response.status, 201U) << response.body;
    const json::value rollout = json_of(response);
    EXPECT_EQ(rollout.at("stream").as_string(), "yara");
    EXPECT_EQ(rollout.at("counter").as_int64(), 1);
    EXPECT_EQ(rollout.at("bundle").as_string(), sha256(kit_->bundle()).hex());
    EXPECT_EQ(rollout.at("rings").as_array().size(), 3U);
    EXPECT_EQ(published_pointer().counter, 1);
    EXPECT_EQ(
        files_.files.at("repo/targets/content/yara/" + sha256(kit_->bundle()).hex() + ".1.fbb"),
        kit_->bundle());
    EXPECT_EQ(get("/v1/content-role", manager_).body, to_text(vendor_->signed_content()));
    EXPECT_EQ(json_of(get("/v1/rollouts/yara/1", manager_)).at("counter").as_int64(), 1);
}

TEST_F(ReleaseRoutesTest, PublishesACounterOnce) {
    upload_all();
    ASSERT_EQ(publish(body()).status, 201U);
    const std::int64_t log = log_sequence();
    const auto files = files_.files;

    const net::Response again = publish(body());

    EXPECT_EQ(again.status, 409U);
    EXPECT_EQ(problem_name(again), "counter-exists");
    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(files_.files, files);
}

TEST_F(ReleaseRoutesTest, RefusesWhatWasNotUploaded) {
    const net::Response nothing = publish(body());
    EXPECT_EQ(nothing.status, 422U);
    EXPECT_NE(nothing.body.find("bundle: was not uploaded"), std::string::npos);

    ASSERT_EQ(upload("bundles", kit_->bundle()).status, 201U);
    const net::Response half = publish(body());
    EXPECT_EQ(half.status, 422U);
    EXPECT_NE(half.body.find("attestation: was not uploaded"), std::string::npos);
}

TEST_F(ReleaseRoutesTest, ARefusalChangesNothing) {
    upload_all();
    vendor_->signs["content"] = {"validator"};
    const std::int64_t log = log_sequence();
    const auto files = files_.files;

    const net::Response response = publish(body());

    EXPECT_EQ(response.status, 422U);
    EXPECT_EQ(problem_name(response), "release-invalid");
    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(files_.files, files);
    EXPECT_EQ(store_->releases(10)->size(), 0U);
}

TEST_F(ReleaseRoutesTest, RefusesABuildAliveThatWasNotAttested) {
    upload_all();
    enrol(1);  // Devices whose engine is none of the attested ones.

    const net::Response response = publish(body());

    EXPECT_EQ(response.status, 409U);
    EXPECT_EQ(problem_name(response), "build-not-attested");
}

TEST_F(ReleaseRoutesTest, ABodyOfTheWrongFormIsRefusedWithItsMember) {
    upload_all();
    for (const char* member : {"bundle", "attestation", "content_metadata", "plan"}) {
        json::object missing = body();
        missing.erase(member);
        json::object wrong = body();
        wrong[member] = 7;
        for (const json::object& bad : {missing, wrong}) {
            const net::Response response = publish(bad);
            EXPECT_TRUE(response.status == 400U || response.status == 422U) << member;
            EXPECT_NE(response.body.find(member), std::string::npos) << response.body;
        }
    }
    json::object path = body();
    path["bundle"] = "../../server.db";
    EXPECT_EQ(publish(path).status, 400U);
}

TEST_F(ReleaseRoutesTest, AFullDiskPublishesNothing) {
    upload_all();
    store_->full = true;

    EXPECT_EQ(publish(body()).status, 507U);

    store_->full = false;
    EXPECT_EQ(store_->releases(10)->size(), 0U);
    EXPECT_EQ(publish(body()).status, 201U) << "and can be done again";
}

TEST_F(ReleaseRoutesTest, AnUploadIsKeptUnderItsDigest) {
    EXPECT_EQ(upload("bundles", kit_->bundle()).status, 201U);
    EXPECT_EQ(upload("bundles", kit_->bundle()).status, 200U);

    EXPECT_EQ(files_.files.at("blobs/" + sha256(kit_->bundle()).hex()), kit_->bundle());
}

TEST_F(ReleaseRoutesTest, AnUploadUnderAnotherDigestIsRefusedAndNotKept) {
    const net::Response response =
        put("/v1/bundles/" + sha256(bytes_of("else")).hex(), manager_, kit_->bundle());

    EXPECT_EQ(response.status, 422U);
    EXPECT_EQ(problem_name(response), "digest-mismatch");
    EXPECT_FALSE(files_.files.contains("blobs/" + sha256(bytes_of("else")).hex()));
}

TEST_F(ReleaseRoutesTest, AnUploadOnAFullDiskIsRefusedAndCanBeRepeated) {
    files_.fail_change(1);
    EXPECT_EQ(upload("bundles", kit_->bundle()).status, 507U);
    EXPECT_EQ(upload("bundles", kit_->bundle()).status, 201U);
}

TEST_F(ReleaseRoutesTest, HoldsResumesAndHalts) {
    upload_all();
    ASSERT_EQ(publish(body()).status, 201U);
    const json::object reason{{"reason", "looks odd"}};

    const net::Response held = post("/v1/rollouts/yara/1/hold", token_of(Role::kApprover), reason);
    EXPECT_EQ(json_of(held).at("phase").as_string(), "held");
    EXPECT_EQ(json_of(held).at("reason").as_string(), "looks odd");
    EXPECT_EQ(post("/v1/rollouts/yara/1/resume", manager_, reason).status, 200U);
    const net::Response halted = post("/v1/rollouts/yara/1/halt", manager_, reason);
    EXPECT_EQ(json_of(halted).at("phase").as_string(), "halted");
    EXPECT_TRUE(json_of(halted).at("halted_at").is_string());

    EXPECT_EQ(post("/v1/rollouts/yara/1/halt", manager_, reason).status, 200U) << "once more";
    const net::Response late = post("/v1/rollouts/yara/1/resume", manager_, reason);
    EXPECT_EQ(late.status, 409U);
    EXPECT_EQ(problem_name(late), "rollout-state");
}

TEST_F(ReleaseRoutesTest, SteeringNeedsARolloutAndAReason) {
    upload_all();
    ASSERT_EQ(publish(body()).status, 201U);
    const json::object reason{{"reason", "x"}};

    EXPECT_EQ(post("/v1/rollouts/yara/9/halt", manager_, reason).status, 404U);
    EXPECT_EQ(post("/v1/rollouts/sigma/1/halt", manager_, reason).status, 404U);
    for (const json::value& body : std::vector<json::value>{json::object{},
                                                            {{"reason", ""}},
                                                            {{"reason", std::string(501, 'x')}},
                                                            {{"reason", "line\nbreak"}},
                                                            {{"reason", 7}}}) {
        const net::Response response = post("/v1/rollouts/yara/1/halt", manager_, body);
        EXPECT_TRUE(response.status == 400U || response.status == 422U) << json::serialize(body);
    }
    EXPECT_NE(rollout().phase(), rollout::Phase::kHalted);
}

TEST_F(ReleaseRoutesTest, ListsFleetAndLogInPages) {
    enrol(2);
    std::string path = "/v1/fleet?limit=4";
    std::size_t seen = 0;
    for (int page = 0; page < 2; ++page) {
        const json::value answer = json_of(get(path, manager_));
        seen += answer.at("devices").as_array().size();
        if (answer.at("next").is_null()) break;
        path = "/v1/fleet?limit=4&after=" + std::string(answer.at("next").as_string());
    }
    EXPECT_EQ(seen, 6U);
    EXPECT_EQ(json_of(get("/v1/fleet?ring=early", manager_)).at("devices").as_array().size(), 2U);
    EXPECT_EQ(get("/v1/fleet/canary-0", manager_).status, 200U);
    EXPECT_EQ(get("/v1/fleet/nobody", manager_).status, 404U);

    upload_all();
    const json::value log = json_of(get("/v1/log?limit=1", manager_));
    EXPECT_LE(log.at("entries").as_array().size(), 1U);
    EXPECT_EQ(json_of(get("/v1/census", manager_)).at("builds").as_array().size(), 3U);
}

TEST_F(ReleaseRoutesTest, AMisspeltFilterIsNotNoFilter) {
    for (const char* target : {"/v1/fleet?rng=x", "/v1/fleet?limit=0", "/v1/fleet?limit=many",
                               "/v1/log?after=-1", "/v1/log?limit=9999", "/v1/rollouts?x=1"}) {
        EXPECT_EQ(get(target, manager_).status, 422U) << target;
    }
}

TEST_F(ReleaseRoutesTest, IsReadyOnceTheControllerHasTickedAndTheStoreTakesWrites) {
    EXPECT_EQ(ask({"GET", "/healthz", {}, ""}).status, 200U);
    EXPECT_EQ(ask({"GET", "/readyz", {}, ""}).status, 503U);
    service_->tick();
    EXPECT_EQ(ask({"GET", "/readyz", {}, ""}).status, 200U);

    upload_all();
    store_->full = true;
    ASSERT_EQ(publish(body()).status, 507U);
    service_->tick();
    EXPECT_EQ(ask({"GET", "/readyz", {}, ""}).status, 503U);
    store_->full = false;
    service_->tick();

    EXPECT_EQ(ask({"GET", "/readyz", {}, ""}).status, 200U);
    clock_.advance(std::chrono::seconds{61});
    EXPECT_EQ(ask({"GET", "/readyz", {}, ""}).status, 503U) << "the controller is stuck";
}

TEST_F(ReleaseRoutesTest, CountsWhatItAnswers) {
    upload_all();
    ASSERT_EQ(publish(body()).status, 201U);
    service_->tick();

    const std::string text = get("/metrics", manager_).body;

    EXPECT_NE(text.find("firebreak_http_requests_total{method=\"POST\",route=\"/v1/releases\","
                        "status=\"201\"} 1"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("firebreak_rollout_counter{stream=\"yara\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::server
