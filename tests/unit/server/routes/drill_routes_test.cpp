#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "tests/unit/server/release_kit.hpp"
#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

class DrillRoutesTest : public test::ServiceFixture {
protected:
    void SetUp() override {
        drill_ = {.stream = "drill", .tenant = "drill", .ring = "vendor"};
        ServiceFixture::SetUp();
        for (const std::int64_t counter : {1, 2}) {
            kits_.emplace_back(*vendor_, counter, today(), "drill");
            test::ReleaseKit& kit = kits_.back();
            kit.plan = test::small_plan({"vendor"});
            kit.plan.rings[0].vendor_own = true;
            kit.terms.ceiling = {{"vendor", today(), trust::kPpbAll}};
            kit.list();
        }
        --vendor_->content.version;  // Both in one version, signed at once.
    }

    void upload(const std::string& kind, const Bytes& bytes) {
        ASSERT_EQ(put("/v1/" + kind + "/" + sha256(bytes).hex(), manager_, bytes).status, 201U);
    }

    net::Response publish(const test::ReleaseKit& kit, bool with_metadata) {
        return publish(kit, with_metadata, manager_);
    }
    net::Response publish(const test::ReleaseKit& kit, bool with_metadata,
                          const std::string& token) {
        json::object body{{"bundle", sha256(kit.bundle()).hex()},
                          {"attestation", sha256(kit.envelope()).hex()},
                          {"plan", rollout::to_json(kit.plan)}};
        if (with_metadata) {
            body["content_metadata"] = base64_encode(vendor_->signed_content());
        }
        return post("/v1/releases", token, body);
    }

    json::value drill() { return json_of(get("/v1/drill", token_of(Role::kViewer))); }
    std::string metrics() {
        service_->tick();
        return get("/metrics", token_of(Role::kViewer)).body;
    }

    std::string manager_ = token_of(Role::kReleaseManager);
    std::vector<test::ReleaseKit> kits_;
};

TEST_F(DrillRoutesTest, DrillsThatWereSignedTogetherArePublishedOneByOne) {
    bundles_ = {kits_[0].bundle(), kits_[1].bundle()};
    for (const test::ReleaseKit& kit : kits_) {
        upload("bundles", kit.bundle());
        upload("attestations", kit.envelope());
    }

    ASSERT_EQ(publish(kits_[0], true).status, 201U);
    EXPECT_EQ(drill().at("last").at("counter"), 1);
    const std::string role = get("/v1/content-role", manager_).body;
    const net::Response second = publish(kits_[1], false);

    ASSERT_EQ(second.status, 201U) << second.body;
    EXPECT_EQ(get("/v1/content-role", manager_).body, role) << "nobody had to sign again";
    EXPECT_EQ(drill().at("last").at("counter"), 2);
    EXPECT_EQ(drill().at("last").at("passed"), false);
    EXPECT_FALSE(driver_->health().repository);
    restart();
    EXPECT_EQ(driver_->last_drill()->counter, 2);
}

TEST_F(DrillRoutesTest, WhatIsListedForLaterMustBeUploaded) {
    upload("bundles", kits_[0].bundle());
    upload("attestations", kits_[0].envelope());

    const net::Response response = publish(kits_[0], true);

    EXPECT_EQ(response.status, 422U);
    EXPECT_NE(response.body.find("was not uploaded"), std::string::npos) << response.body;
    EXPECT_TRUE(store_->releases(10)->empty());
}

TEST_F(DrillRoutesTest, SaysWhereDrillsAreHeldAndThatNoneWas) {
    const json::value expected{
        {"stream", "drill"}, {"tenant", "drill"}, {"ring", "vendor"}, {"last", nullptr}};
    EXPECT_EQ(drill(), expected);
    EXPECT_NE(metrics().find("\nfirebreak_drill_last_timestamp_seconds 0\n"), std::string::npos);
    EXPECT_EQ(get("/v1/drill", "nonsense").status, 401U);
}

TEST_F(DrillRoutesTest, ADrillPlacesNobody) {
    start(1);
    bundles_ = {bundles_[0], kits_[0].bundle(), kits_[1].bundle()};
    for (const test::ReleaseKit& kit : kits_) upload("bundles", kit.bundle());
    upload("attestations", kits_[0].envelope());
    clock_.advance(std::chrono::seconds{1});
    ++vendor_->content.version;
    ASSERT_EQ(publish(kits_[0], true).status, 201U);

    const auto rings = service_->rings.read(*store_, driver_->live(), driver_->drill_rules());

    ASSERT_TRUE(rings) << rings.error().to_string();
    EXPECT_EQ(rings->slowest, "broad") << "the drill is the newest release, and has ring vendor";
    EXPECT_EQ(rings->names, (std::vector<std::string>{"canary", "early", "broad"}));
}

TEST_F(DrillRoutesTest, ADrillerReleasesAndHaltsDrills) {
    bundles_ = {kits_[0].bundle(), kits_[1].bundle()};
    manager_ = token_of(Role::kDriller);
    for (const test::ReleaseKit& kit : kits_) upload("bundles", kit.bundle());
    upload("attestations", kits_[0].envelope());

    EXPECT_EQ(publish(kits_[0], true).status, 201U);
    EXPECT_EQ(post("/v1/rollouts/drill/1/resume", manager_, {{"reason", "r"}}).status, 403U);
    EXPECT_EQ(post("/v1/rollouts/drill/1/halt", manager_, {{"reason", "r"}}).status, 200U);
}

TEST_F(DrillRoutesTest, ADrillerTouchesNothingThatIsReal) {
    test::ReleaseKit real(*vendor_, 1, today());
    real.list();
    manager_ = token_of(Role::kDriller);
    upload("bundles", real.bundle());
    upload("attestations", real.envelope());

    const net::Response published = publish(real, true);

    EXPECT_EQ(published.status, 403U);
    EXPECT_EQ(problem_name(published), "role-missing");
    EXPECT_TRUE(store_->releases(10)->empty());
    start(1);
    EXPECT_EQ(post("/v1/rollouts/yara/1/halt", manager_, {{"reason", "r"}}).status, 403U);
    EXPECT_EQ(rollout().phase(), rollout::Phase::kRolling);
}

class NoDrillRoutesTest : public test::ServiceFixture {};

TEST_F(NoDrillRoutesTest, AServerThatHoldsNoneSaysWhatToDo) {
    const net::Response response = get("/v1/drill", token_of(Role::kReleaseManager));
    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(problem_name(response), "drill-not-configured");
    EXPECT_NE(response.body.find("drill: {ring: NAME}"), std::string::npos);
    const net::Response halt =
        post("/v1/rollouts/drill/1/halt", token_of(Role::kDriller), {{"reason", "r"}});
    EXPECT_EQ(halt.status, 403U) << "where no drills are held a driller may do nothing";
    service_->tick();
    EXPECT_EQ(get("/metrics", token_of(Role::kViewer)).body.find("firebreak_drill"),
              std::string::npos);
}

}  // namespace
}  // namespace firebreak::server
