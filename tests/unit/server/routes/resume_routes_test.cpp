// Going on with what the evidence held, over the API: who is let do it, and what they are told.

#include <gtest/gtest.h>

#include "server/access/token.hpp"
#include "tests/unit/server/in_process.hpp"
#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

constexpr const char* kResume = "/v1/rollouts/yara/1/resume";

class ResumeRoutesTest : public test::ServiceFixture {
protected:
    void SetUp() override {
        ServiceFixture::SetUp();
        enrol(8);
        NewRelease next = release(1);
        next.plan.failures_min = 100;
        ASSERT_TRUE(driver_->start(next));
        ASSERT_GT(run_until(rollout::Phase::kHeld, test::Fate::kCrashes), 0);
    }

    /// One more token, with the id of `number`, for `name`.
    std::string another_token(char number, const std::string& name, Role role) {
        const std::string id = std::string(15, 'f') + number;
        ApiToken row = store_->token(test::token_id(role)).value().value();
        row.id = id;
        row.name = name;
        EXPECT_TRUE(store_->transact([&](StoreWriter& writer) { return writer.add_token(row); }));
        return format_token(kApiTokenPrefix, {id, test::token_secret()});
    }

    const json::object reason_{{"reason", "their disks died"}};
    std::string manager_ = token_of(Role::kReleaseManager);
};

TEST_F(ResumeRoutesTest, TheFirstAsksAndTheSecondGoesOn) {
    const net::Response first = post(kResume, manager_, reason_);
    ASSERT_EQ(first.status, 200U) << first.body;
    EXPECT_EQ(json_of(first).at("phase"), "held");
    EXPECT_EQ(json_of(first).at("held_by"), "controller");
    const json::value asked = json_of(first).at("people").at("resume_asked");
    EXPECT_EQ(asked.at("person"), "release-manager");
    EXPECT_EQ(json_of(get("/v1/rollouts", manager_)).at("rollouts").at(0).at("people"),
              json_of(first).at("people"));

    const net::Response second =
        post(kResume, another_token('1', "dora", Role::kReleaseManager), reason_);
    ASSERT_EQ(second.status, 200U) << second.body;
    EXPECT_EQ(json_of(second).at("phase"), "rolling");
    EXPECT_EQ(json_of(second).at("held_by"), nullptr);
}

TEST_F(ResumeRoutesTest, OnePersonWithTwoTokensIsOnePerson) {
    ASSERT_EQ(post(kResume, manager_, reason_).status, 200U);
    for (const std::string& token :
         {manager_, another_token('1', "release-manager", Role::kReleaseManager)}) {
        const net::Response again = post(kResume, token, reason_);
        EXPECT_EQ(again.status, 409U);
        EXPECT_EQ(problem_name(again), "rollout-state");
        EXPECT_NE(again.body.find("two people"), std::string::npos) << again.body;
        EXPECT_NE(again.body.find("firebreak rollout resume yara/1"), std::string::npos);
    }
    EXPECT_EQ(rollout().phase(), rollout::Phase::kHeld);
}

TEST_F(ResumeRoutesTest, NobodyWithoutTheRoleAsksOrGrants) {
    const std::int64_t log = log_sequence();
    for (const Role role :
         {Role::kViewer, Role::kAuthor, Role::kApprover, Role::kAdministrator, Role::kDriller}) {
        EXPECT_EQ(post(kResume, token_of(role), reason_).status, 403U) << name_of(role);
    }
    EXPECT_EQ(log_sequence(), log);
    ASSERT_EQ(post(kResume, manager_, reason_).status, 200U);
    EXPECT_EQ(post(kResume, token_of(Role::kApprover), reason_).status, 403U);
    EXPECT_EQ(rollout().phase(), rollout::Phase::kHeld);
}

TEST_F(ResumeRoutesTest, BothGiveAReason) {
    const std::string second = another_token('1', "dora", Role::kReleaseManager);
    EXPECT_NE(post(kResume, manager_, json::object{}).status, 200U);
    ASSERT_EQ(post(kResume, manager_, reason_).status, 200U);
    EXPECT_NE(post(kResume, second, {{"reason", ""}}).status, 200U);
    EXPECT_EQ(rollout().phase(), rollout::Phase::kHeld);
}

}  // namespace
}  // namespace firebreak::server
