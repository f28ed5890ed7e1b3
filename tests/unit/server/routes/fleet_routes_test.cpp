#include <gtest/gtest.h>

#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

class DeviceExplanation : public test::ServiceFixture {
protected:
    json::object explain(const std::string& device, const std::string& query = "") {
        const net::Response response =
            get("/v1/fleet/" + device + "/explain" + query, token_of(Role::kViewer));
        EXPECT_EQ(response.status, 200U) << response.body;
        const json::value answer = json_of(response);
        return answer.is_object() ? answer.as_object() : json::object{};
    }

    /// Of the only rollout there is.
    std::string state(const std::string& device) {
        return std::string(explain(device).at("rollouts").at(0).at("state").as_string());
    }
};

TEST_F(DeviceExplanation, SaysWhereADeviceIsAndHowItGotThere) {
    enrol(2);

    const json::object answer = explain("canary-0");

    EXPECT_EQ(answer.at("device"), "canary-0");
    EXPECT_EQ(answer.at("tenant"), "tenant-0");
    EXPECT_EQ(answer.at("ring"), "canary");
    EXPECT_EQ(answer.at("placed").at("by"), "token");
    EXPECT_EQ(answer.at("revoked"), false);
    EXPECT_TRUE(answer.at("rollouts").as_array().empty()) << "nothing was released yet";
}

TEST_F(DeviceExplanation, FollowsADeviceThroughARollout) {
    enrol(2);
    start(1);
    EXPECT_EQ(state("canary-0"), "may-activate");
    EXPECT_EQ(state("early-0"), "ring-closed");

    ASSERT_TRUE((*send(fleet_.front(), health::Kind::kActivating, 1)).may_activate);
    EXPECT_EQ(state("canary-0"), "pending");
    clock_.advance(rollout().plan().confirm_after);
    ASSERT_TRUE(send(fleet_.front(), health::Kind::kHealthy, 1));
    EXPECT_EQ(state("canary-0"), "confirmed");
    EXPECT_EQ(explain("canary-0").at("rollouts").at(0).at("running"), 1);

    ASSERT_TRUE(steer(Steering::kHalt, "smoke"));
    EXPECT_EQ(state("canary-0"), "confirmed");
    EXPECT_EQ(state("early-0"), "halted");
}

TEST_F(DeviceExplanation, IsOfOneStreamWhenOneIsNamed) {
    enrol(1);
    start(1);

    EXPECT_EQ(explain("early-0", "?stream=yara").at("rollouts").as_array().size(), 1U);
    const net::Response none =
        get("/v1/fleet/early-0/explain?stream=sigma", token_of(Role::kViewer));
    EXPECT_EQ(none.status, 404U);
    EXPECT_EQ(json_of(none).at("detail"), "no release of stream sigma");
}

TEST_F(DeviceExplanation, OfADeviceThatNeverEnrolledThereIsNone) {
    const net::Response response = get("/v1/fleet/nobody/explain", token_of(Role::kViewer));

    EXPECT_EQ(response.status, 404U);
    EXPECT_EQ(problem_name(response), "not-found");
    EXPECT_EQ(json_of(response).at("detail"), "no device nobody");
}

TEST_F(DeviceExplanation, AMisspeltFilterIsNotNoFilter) {
    enrol(1);

    EXPECT_EQ(get("/v1/fleet/early-0/explain?strem=yara", token_of(Role::kViewer)).status, 422U);
}

TEST_F(DeviceExplanation, ChangesNothing) {
    enrol(1);
    start(1);
    const std::int64_t log = log_sequence();
    const rollout::Rollout before = rollout();

    explain("canary-0");

    EXPECT_EQ(log_sequence(), log);
    EXPECT_EQ(rollout(), before);
}

}  // namespace
}  // namespace firebreak::server
