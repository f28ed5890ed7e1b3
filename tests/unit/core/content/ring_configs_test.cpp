// Every plan in ring-configs/ is one that a release manager may copy as it is: valid, and within
// what default.yaml's comments promise.
#include <gtest/gtest.h>

#include "core/base/file_store.hpp"
#include "core/content/schema.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::content {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(FIREBREAK_SOURCE_DIR) / "ring-configs";

Document plan_named(const std::string& name) {
    const Result<Bytes> bytes = PosixFileStore().read(kFolder / name, 1U << 20U);
    EXPECT_TRUE(bytes);
    const Result<Document> document = read_yaml(name, text_of(*bytes));
    EXPECT_TRUE(document) << document.error().to_string();
    return *document;
}

TEST(RingConfigs, AreValid) {
    const Result<std::vector<std::string>> names = PosixFileStore().list(kFolder);
    ASSERT_TRUE(names);
    int plans = 0;
    for (const std::string& name : *names) {
        if (!name.ends_with(".yaml")) continue;
        ++plans;
        const Document plan = plan_named(name);
        const Result<void> checked = require_schema("ring-plan.v1", plan);
        EXPECT_TRUE(checked) << checked.error().to_string();
        EXPECT_EQ(std::string(plan.value.at("name").as_string()) + ".yaml", name);
        const Result<rollout::Plan> parsed = rollout::parse_plan(plan.value);
        EXPECT_TRUE(parsed) << name << ": " << parsed.error().to_string();
        const json::array& rings = plan.value.at("rings").as_array();
        EXPECT_EQ(rings.back().at("name"), plan.value.at("default_ring")) << name;
    }
    EXPECT_EQ(plans, 5);
}

TEST(RingConfigs, LabIsWhatTheDemoCountsOn) {
    const json::value plan = plan_named("lab.yaml").value;

    EXPECT_EQ(plan.at("agent"), (json::value{{"confirm_after", "3s"},
                                             {"silence_deadline", "10s"},
                                             {"heartbeat_every", "2s"},
                                             {"poll_every", "1s"}}));
    const json::value& canary = plan.at("rings").as_array().at(0);
    EXPECT_EQ(canary.at("name"), json::value("canary"));
    EXPECT_EQ(canary.at("window"), (json::value{{"start", 3}, {"max", 5}}));
    EXPECT_EQ(canary.at("bake_floor"), json::value("2s"));
}

}  // namespace
}  // namespace firebreak::content
