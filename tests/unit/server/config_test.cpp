#include "server/config.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::server {
namespace {

constexpr const char* kMinimal = R"(listen: {address: 127.0.0.1, port: 8443}
tls: {certificate: tls/server.pem, private_key: /etc/server.key}
state: state
online_key: {file: online.key, passphrase_file: online.passphrase}
validator_keys: [validator.pub.json]
)";

class ConfigTest : public testing::Test {
protected:
    Result<Config> read(const std::string& text) {
        files_.files["/etc/firebreak/firebreakd.yaml"] = to_bytes(text);
        return read_config(files_, "/etc/firebreak/firebreakd.yaml");
    }

    void expect_refused(const std::string& text, const std::string& place,
                        const std::string& member) {
        const Result<Config> config = read(text);
        ASSERT_FALSE(config) << text;
        EXPECT_NE(config.error().context().find("firebreakd.yaml:" + place), std::string::npos)
            << config.error().context();
        EXPECT_NE(config.error().context().find(member), std::string::npos)
            << config.error().context();
    }

    test::MemoryFileStore files_;
};

TEST_F(ConfigTest, HasDefaultsForWhatIsNotSaid) {
    const Result<Config> config = read(kMinimal);

    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->address, "127.0.0.1");
    EXPECT_EQ(config->port, 8443);
    EXPECT_EQ(config->tick, std::chrono::milliseconds{1'000});
    EXPECT_EQ(config->timestamp_lifetime, std::chrono::seconds{3'600});
    EXPECT_EQ(config->log_level, Severity::kInfo);
}

TEST_F(ConfigTest, TakesRelativePathsFromItsOwnFolder) {
    const Result<Config> config = read(kMinimal);

    ASSERT_TRUE(config);
    EXPECT_EQ(config->certificate, "/etc/firebreak/tls/server.pem");
    EXPECT_EQ(config->private_key, "/etc/server.key");
    EXPECT_EQ(config->validator_keys.front(), "/etc/firebreak/validator.pub.json");
}

TEST_F(ConfigTest, ReadsEveryMember) {
    const Result<Config> config = read(std::string(kMinimal) + R"(
limits: {body_bytes_max: 5000, bundle_bytes_max: 6000, connections_max: 7, header_bytes_max: 8000}
timeouts: {handshake: 1, read: 2, write: 3, idle: 4}
controller: {tick_ms: 100}
timestamp_lifetime_seconds: 60
snapshot_lifetime_seconds: 120
rollout_lifetime_seconds: 180
device_active_seconds: 240
lab_plans: true
log: {level: debug}
)");

    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->body_bytes_max, 5'000U);
    EXPECT_EQ(config->bundle_bytes_max, 6'000U);
    EXPECT_EQ(config->connections_max, 7U);
    EXPECT_EQ(config->header_bytes_max, 8'000U);
    EXPECT_EQ(config->handshake_timeout.count(), 1);
    EXPECT_EQ(config->read_timeout.count(), 2);
    EXPECT_EQ(config->write_timeout.count(), 3);
    EXPECT_EQ(config->idle_timeout.count(), 4);
    EXPECT_EQ(config->tick.count(), 100);
    EXPECT_EQ(config->timestamp_lifetime.count(), 60);
    EXPECT_EQ(config->snapshot_lifetime.count(), 120);
    EXPECT_EQ(config->rollout_lifetime.count(), 180);
    EXPECT_EQ(config->device_active.count(), 240);
    EXPECT_TRUE(config->lab_plans);
    EXPECT_EQ(config->log_level, Severity::kDebug);
}

TEST_F(ConfigTest, NamesFileLineAndMemberOfWhatIsWrong) {
    expect_refused(std::string(kMinimal) + "stat: x\n", "6", "stat");
    expect_refused(std::string(kMinimal) + "log: {level: loud}\n", "6", "level");
    expect_refused(std::string(kMinimal) + "controller: {tick_ms: 1}\n", "6", "tick_ms");
    expect_refused(std::string(kMinimal) + "state: again\n", "6", "state");
    expect_refused("listen: {address: 127.0.0.1, port: 8443}\n", "1", "tls");
}

TEST_F(ConfigTest, RefusesMetadataThatWouldExpireBeforeItsTimestamp) {
    expect_refused(std::string(kMinimal) + "snapshot_lifetime_seconds: 60\n", "6",
                   "snapshot_lifetime_seconds");
    expect_refused(std::string(kMinimal) + "rollout_lifetime_seconds: 60\n", "6",
                   "rollout_lifetime_seconds");
}

constexpr const char* kRings = "placement:\n  rings: [vendor, canary, broad]\n  rules:\n";

TEST_F(ConfigTest, ReadsRulesOfPlacement) {
    const Result<Config> config = read(std::string(kMinimal) + kRings +
                                       R"(    - {ring: vendor, tenants: [acme-internal]}
    - {ring: canary, tags: [lab, early-adopter], devices: [d-0123456789abcdef0123456789abcdef]}
)");

    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->placement.rings.back(), "broad");
    ASSERT_EQ(config->placement.rules.size(), 2U);
    EXPECT_EQ(config->placement.rules[0].tenants.front(), "acme-internal");
    EXPECT_EQ(config->placement.rules[1].ring, "canary");
    EXPECT_EQ(config->placement.rules[1].tags.back(), "early-adopter");
    EXPECT_EQ(config->placement.rules[1].devices.size(), 1U);
    EXPECT_TRUE(read(kMinimal)->placement.rings.empty());
}

TEST_F(ConfigTest, RefusesRulesOfWhichTheReaderCouldMeanAnother) {
    const std::string text = std::string(kMinimal) + kRings;
    expect_refused(text + "    - {ring: early, tags: [a]}\n", "9",
                   "placement.rules[0].ring: early is none of placement.rings");
    expect_refused(text + "    - {ring: canary}\n", "9", "placement.rules[0]: places nobody");
    expect_refused(text + "    - {ring: canary, tags: [a]}\n    - {ring: vendor, tags: [b, a]}\n",
                   "10", "placement.rules[1].tags: a is placed by rules[0] already");
    expect_refused(text + "    - {ring: canary, tenants: [a, a]}\n", "9", "tenants: a is placed");
    expect_refused(text + "    - {ring: canary, devices: [laptop]}\n", "9", "devices");
    expect_refused(std::string(kMinimal) + "placement: {rings: [a, a]}\n", "6", "rings");
    expect_refused(std::string(kMinimal) + "placement: {rules: []}\n", "6", "rings");
}

TEST_F(ConfigTest, AFileThatIsNotThereIsNotFound) {
    const Result<Config> config = read_config(files_, "/nowhere.yaml");

    ASSERT_FALSE(config);
    EXPECT_EQ(config.error(), Errc::kNotFound);
    EXPECT_NE(config.error().context().find("/nowhere.yaml"), std::string::npos);
}

TEST_F(ConfigTest, HoldsDrillsWhereTheirRingIsNamed) {
    EXPECT_FALSE(read(kMinimal)->drill);

    const Result<Config> config = read(std::string(kMinimal) + "drill: {ring: vendor}\n");

    ASSERT_TRUE(config) << config.error().to_string();
    ASSERT_TRUE(config->drill);
    EXPECT_EQ(config->drill->stream, "drill");
    EXPECT_EQ(config->drill->tenant, "drill");
    EXPECT_EQ(config->drill->ring, "vendor");
    const auto named = read(std::string(kMinimal) + "drill: {stream: x, tenant: Y, ring: z}\n");
    ASSERT_TRUE(named && named->drill);
    EXPECT_EQ(named->drill->stream, "x");
    EXPECT_EQ(named->drill->tenant, "Y");
    expect_refused(std::string(kMinimal) + "drill: {stream: drill}\n", "6", "ring");
    expect_refused(std::string(kMinimal) + "drill: {ring: vendor, stream: a/b}\n", "6", "stream");
    expect_refused(std::string(kMinimal) + "drill: {ring: vendor, tenant: ''}\n", "6", "tenant");
}

}  // namespace
}  // namespace firebreak::server
