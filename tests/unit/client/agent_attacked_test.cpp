// What a hostile mirror, a hostile network or a broken release can hand to an agent. Each refusal
// leaves the device on what it ran, and changes no trust.

#include <gtest/gtest.h>

#include "core/trust/updater.hpp"
#include "tests/unit/client/agent_world.hpp"

namespace firebreak::client::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// A device on bundle 1, with bundle 2 about to be offered by each test.
class AgentAttacked : public ::testing::Test {
protected:
    AgentAttacked() {
        world_.offer(1);
        world_.update();
    }

    /// Bundle 2 never ran here, not even in the trial, and nothing was forgotten for it.
    void expect_untouched() const {
        EXPECT_EQ(world_.running(), 1);
        EXPECT_EQ(world_.known_good(), 1);
        EXPECT_TRUE(world_.cycle().active_confirmed);
        EXPECT_FALSE(world_.quarantined(2));
        EXPECT_EQ(world_.sensor.loaded, (std::vector<std::int64_t>{1}));
        EXPECT_TRUE(world_.server.kinds(2).empty());
    }

    std::string last_error() const {
        return std::string(world_.agent->status().at("last_error").as_string());
    }
    std::string not_installed() const {
        return std::string(world_.agent->status().at("not_installed").as_string());
    }

    AgentWorld world_;
};

TEST_F(AgentAttacked, RefusesATamperedBundleAndTakesTheTrueOneLater) {
    world_.offer(2);
    const std::string path = trust::consistent_target_path(
        "content/yara/2.fbb", world_.repository.roles.at("content").targets["content/yara/2.fbb"]);
    Bytes bytes = world_.repository.targets.at(path);
    bytes[bytes.size() / 2] ^= 1U;
    world_.server.tampered[path] = bytes;

    world_.update();
    expect_untouched();
    EXPECT_NE(last_error().find("hash"), std::string::npos);
    world_.server.tampered.clear();

    EXPECT_TRUE(world_.settle_on(2));
}

TEST_F(AgentAttacked, RefusesABundleWithBytesAddedBehindIt) {
    world_.offer(2);
    const std::string path = trust::consistent_target_path(
        "content/yara/2.fbb", world_.repository.roles.at("content").targets["content/yara/2.fbb"]);
    Bytes bytes = world_.repository.targets.at(path);
    bytes.push_back(0);
    world_.server.tampered[path] = bytes;

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, RefusesTamperedMetadataOfEachRole) {
    world_.offer(2);
    const auto& versions = world_.repository.roles;
    // In the order of fetching: what comes before the tampered one is right, and is kept.
    const std::vector<std::string> newest{
        "timestamp.json", std::to_string(world_.repository.snapshot.version) + ".snapshot.json",
        std::to_string(versions.at("rollout").version) + ".rollout.json",
        std::to_string(versions.at("content").version) + ".content.json"};
    const auto metadata = world_.repository.metadata;
    for (const std::string& name : newest) {
        SCOPED_TRACE(name);
        world_.repository.metadata = metadata;
        Bytes& bytes = world_.repository.metadata.at(name);
        bytes[bytes.size() / 2] ^= 1U;

        world_.update();

        expect_untouched();
        EXPECT_FALSE(last_error().empty());
    }
}

TEST_F(AgentAttacked, RefusesAnExpiredTimestamp) {
    world_.offer(2);
    world_.clock.advance(hours{25});

    world_.update();

    expect_untouched();
    EXPECT_NE(last_error().find("expired"), std::string::npos);
}

TEST_F(AgentAttacked, RefusesAnOlderRepository) {
    const auto old = world_.repository.metadata;
    world_.offer(2, [](trust::RingPointer& pointer) { pointer.rings["canary"].state = "held"; });
    world_.update();
    world_.repository.metadata = old;

    world_.update();

    expect_untouched();
    EXPECT_FALSE(last_error().empty());
}

TEST_F(AgentAttacked, RefusesContentSignedByTooFew) {
    world_.repository.signs["content"] = {"validator"};
    world_.offer(2);

    world_.update();

    expect_untouched();
    EXPECT_FALSE(last_error().empty());
}

TEST_F(AgentAttacked, RefusesAPointerThatTheContentRolePublished) {
    // Whoever holds the offline content keys alone must not be able to start a rollout.
    const Bytes pointer = world_.repository.targets.at("rings/yara.json");
    world_.offer(2);
    world_.repository.roles.at("rollout").targets.erase("rings/yara.json");
    world_.repository.publish("rollout");
    world_.repository.put_target("content", "rings/yara.json", pointer);
    world_.repository.publish("content");

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, RefusesAPointerToOtherBytesThanTheContentRoleSigned) {
    world_.offer(2, [](trust::RingPointer& pointer) {
        pointer.sha256 = sha256(bytes_of("something else"));
    });

    world_.update();

    expect_untouched();
    EXPECT_NE(not_installed(), "");
}

TEST_F(AgentAttacked, RefusesContentThatWasNotDrivenInItsOwnBuild) {
    world_.offer(
        2, [](trust::RingPointer&) {},
        [](trust::ContentTerms& terms) { terms.builds = {sha256(bytes_of("another build"))}; });

    world_.update();

    expect_untouched();
    EXPECT_NE(not_installed(), "");
}

TEST_F(AgentAttacked, RefusesACounterBelowTheFloor) {
    world_.offer(
        2, [](trust::RingPointer&) {}, [](trust::ContentTerms& terms) { terms.floor = 3; });

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, RefusesToGoBackWithoutARecall) {
    ASSERT_TRUE((world_.offer(2), world_.settle_on(2)));
    world_.offer(1);

    world_.update();

    EXPECT_EQ(world_.running(), 2);
}

TEST_F(AgentAttacked, WaitsForItsTurn) {
    world_.offer(2, [](trust::RingPointer& pointer) { pointer.rings["canary"].threshold_ppb = 0; });

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, StaysUnderTheOfflineCeilingWhateverTheOnlineKeySays) {
    world_.offer(
        2, [](trust::RingPointer&) {},
        [](trust::ContentTerms& terms) { terms.ceiling.front().max_ppb = 0; });

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, DoesNotInstallWhatIsNotRolling) {
    for (const char* const state : {"closed", "held", "halted"}) {
        SCOPED_TRACE(state);
        world_.offer(
            2, [state](trust::RingPointer& pointer) { pointer.rings["canary"].state = state; });

        world_.update();

        expect_untouched();
    }
}

TEST_F(AgentAttacked, DoesNotInstallForARingThatThePointerDoesNotName) {
    world_.offer(2, [](trust::RingPointer& pointer) {
        pointer.rings = {{"broad", {.threshold_ppb = trust::kPpbAll, .state = "rolling"}}};
    });

    world_.update();

    expect_untouched();
}

TEST_F(AgentAttacked, QuarantinesSignedBytesThatAreNoBundle) {
    world_.offer(2);
    const Bytes garbage(500, 0x42);
    trust::ContentTerms terms;
    terms.counter = 2;
    terms.builds = {world_.sensor.build()};
    terms.ceiling = {{.ring = "canary", .not_before = {}, .max_ppb = trust::kPpbAll}};
    world_.repository.put_bundle("yara", garbage, terms);
    world_.repository.publish("content");
    world_.repoint([&](trust::RingPointer& pointer) { pointer.sha256 = sha256(garbage); });

    world_.update();

    EXPECT_EQ(world_.running(), 1);
    EXPECT_EQ(world_.known_good(), 1);
    EXPECT_TRUE(world_.quarantined(2));
    EXPECT_EQ(world_.trial.runs, 1);  // Bundle 1's.
}

TEST_F(AgentAttacked, SurvivesAServerThatAnswersNonsense) {
    world_.offer(2);
    for (const unsigned status : {200U, 302U, 403U, 404U, 500U}) {
        SCOPED_TRACE(status);
        world_.server.instead = net::Response{
            .status = status, .headers = {}, .body = "<html>Please sign in to the hotel</html>"};

        world_.update();

        expect_untouched();
    }
    world_.server.instead.reset();
    EXPECT_TRUE(world_.settle_on(2));
}

TEST_F(AgentAttacked, KeepsRunningWhatItHasWhenItIsRevoked) {
    world_.offer(2);
    world_.server.report_status = 403;

    world_.update();

    expect_untouched();
    EXPECT_NE(last_error().find("403"), std::string::npos);
}

TEST_F(AgentAttacked, AReportTheServerWillNeverTakeDoesNotBlockTheOthers) {
    world_.server.report_status = 422;
    world_.clock.advance(seconds{400});
    run(world_.agent->tend(world_.clock.steady()));
    world_.server.report_status = 200;
    world_.offer(2);

    EXPECT_TRUE(world_.settle_on(2));
}

TEST_F(AgentAttacked, ADamagedTrustedRootFallsBackToTheShippedOne) {
    world_.offer(2);
    world_.store.memory.files["/state/tuf/root.json"] = to_bytes("{}");

    EXPECT_TRUE(world_.settle_on(2));
}

TEST_F(AgentAttacked, AClockSetBackDoesNotStopIt) {
    world_.clock.set(world_.clock.now() - hours{24 * 400});
    world_.offer(2);

    EXPECT_TRUE(world_.settle_on(2));
}

}  // namespace
}  // namespace firebreak::client::test
