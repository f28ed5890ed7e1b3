// The attacks of the specification, 1.5.2, by name, against the whole workflow. (Slow retrieval is
// the
// transport's to stop, and extraneous dependencies have no place here: a path names its content.)

#include <gtest/gtest.h>
#include <limits>

#include "core/trust/errc.hpp"
#include "core/trust/updater.hpp"
#include "tests/unit/core/trust/updater_fixture.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::days;
using test::accepted;
using test::refused;

using UpdaterAttack = UpdaterTest;

TEST_F(UpdaterAttack, ArbitrarySoftware) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.signs["targets"] = {"mallory", "eve"};
    repository_.put_target("targets", "content/yara/1.fbb", to_bytes("evil"));
    repository_.publish("targets");

    expect_refused(Errc::kThresholdNotMet, {"timestamp", "snapshot"});
}

TEST_F(UpdaterAttack, EndlessData) {
    // What the transport must not even download; and when it does, it is refused.
    repository_.metadata["timestamp.json"] = Bytes(16'385, ' ');
    expect_refused(Errc::kLengthMismatch);
    repository_.metadata["2.root.json"] = Bytes(512'001, ' ');
    expect_refused(Errc::kLengthMismatch);
}

TEST_F(UpdaterAttack, EndlessDataVouchedForByAStolenTimestampKey) {
    repository_.timestamp.snapshot.length = std::numeric_limits<std::int64_t>::max();
    repository_.publish_timestamp();
    repository_.metadata["1.snapshot.json"] = Bytes(2'000'001, ' ');

    expect_refused(Errc::kLengthMismatch, {"timestamp"});
}

TEST_F(UpdaterAttack, EndlessRootsEndAtTheCap) {
    for (int i = 0; i < 20; ++i) repository_.publish_root();
    Updater updater = *Updater::start(local_, kNow, {.root_rotations_max = 10});

    ASSERT_TRUE(accepted(repository_.run(updater, local_)));
    EXPECT_EQ(
        std::ranges::count_if(repository_.requests,
                              [](const std::string& name) { return name.ends_with(".root.json"); }),
        10);
}

TEST_F(UpdaterAttack, FastForwardIsForgottenWhenItsKeysAreRotated) {
    // The attacker has both online keys, and publishes the last version there can be.
    repository_.timestamp.version = std::numeric_limits<Version>::max() - 1;
    repository_.snapshot.version = std::numeric_limits<Version>::max() - 1;
    repository_.snapshot.meta["content"].version = std::numeric_limits<Version>::max();
    repository_.publish_snapshot();
    ASSERT_TRUE(accepted(refresh()));

    // The vendor recovers: new keys, and versions where they were.
    repository_.replace_keys("timestamp", {"timestamp-new"}, 1);
    repository_.replace_keys("snapshot", {"snapshot-new"}, 1);
    repository_.publish_root();
    repository_.timestamp.version = 1;
    repository_.snapshot.version = 1;
    repository_.publish("content");

    ASSERT_TRUE(accepted(refresh({"content/yara/1.fbb"})));
    EXPECT_EQ(local_["timestamp"], file("timestamp.json"));
    EXPECT_EQ(local_["snapshot"], file("2.snapshot.json"));
}

// Only snapshot's keys rotate, so the fast-forwarded timestamp still verifies: re-verification
// alone would keep it, and no real timestamp would ever be newer (5.3.11).
TEST_F(UpdaterAttack, FastForwardIsForgottenWhenOnlyTheOtherKeyIsRotated) {
    for (const char* rotated : {"snapshot", "timestamp"}) {
        repository_ = test::RepositorySimulator(kNow);
        local_ = repository_.first_install();
        repository_.timestamp.version = 1'000'000;
        repository_.snapshot.version = 1'000'000;
        repository_.publish_snapshot();
        ASSERT_TRUE(accepted(refresh()));
        repository_.replace_keys(rotated, {"new"}, 1);
        repository_.publish_root();
        repository_.timestamp.version = 1;
        repository_.snapshot.version = 1;
        repository_.publish_snapshot();

        EXPECT_TRUE(accepted(refresh())) << rotated;
    }
}

TEST_F(UpdaterAttack, FastForwardIsForgottenBeforeTheNewRootIsKept) {
    // Were it after, a crash between the two would leave the attacker's versions for ever.
    ASSERT_TRUE(accepted(refresh()));
    repository_.replace_keys("snapshot", {"new"}, 1);
    repository_.publish_root();
    Updater updater = *Updater::start(local_, kNow, {});
    ASSERT_TRUE(std::holds_alternative<Updater::Fetch>(*updater.next()));
    updater.fetched(file("2.root.json"));

    EXPECT_EQ(std::get<Updater::Forget>(*updater.next()).role, "timestamp");
    EXPECT_EQ(std::get<Updater::Forget>(*updater.next()).role, "snapshot");
    EXPECT_EQ(std::get<Updater::Persist>(*updater.next()).role, "root");
}

TEST_F(UpdaterAttack, RotationOfOtherKeysForgetsNothing) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.replace_keys("root", {"r", "s"}, 2);
    repository_.replace_keys("targets", {"t"}, 1);
    repository_.publish_root();
    const Bytes old = file("timestamp.json");
    repository_.publish("targets");
    ASSERT_TRUE(accepted(refresh()));
    repository_.metadata["timestamp.json"] = old;

    expect_refused(Errc::kRollback);
}

TEST_F(UpdaterAttack, IndefiniteFreeze) {
    ASSERT_TRUE(accepted(refresh()));
    const LocalMetadata before = local_;

    // The mirror serves the same files for ever.
    EXPECT_TRUE(refused(repository_.refresh(local_, kNow + days{1}), Errc::kExpired));
    EXPECT_EQ(local_, before);
}

TEST_F(UpdaterAttack, FreezeOfOneRole) {
    for (const char* role : {"targets", "content"}) {
        repository_ = test::RepositorySimulator(kNow);
        local_ = repository_.first_install();
        repository_.roles[role].expires = kNow;
        repository_.publish(role);

        EXPECT_TRUE(refused(refresh({"content/yara/1.fbb"}), Errc::kExpired)) << role;
        EXPECT_FALSE(local_.contains(role));
    }
}

TEST_F(UpdaterAttack, MaliciousMirrorSpoilsNothingForTheNext) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.publish("content");
    const auto honest = repository_.metadata;
    for (auto& [name, bytes] : repository_.metadata) bytes = to_bytes("<html>404</html>");
    expect_refused(Errc::kMalformed);

    repository_.metadata = honest;
    EXPECT_TRUE(accepted(refresh({"content/yara/1.fbb"})));
}

TEST_F(UpdaterAttack, MixAndMatch) {
    // Today's timestamp and snapshot, yesterday's content.
    ASSERT_TRUE(accepted(refresh({"content/yara/1.fbb"})));
    repository_.publish("content");
    repository_.metadata["2.content.json"] = file("1.content.json");

    EXPECT_FALSE(refresh({"content/yara/1.fbb"}));
    EXPECT_EQ(local_["content"], file("1.content.json"));
    EXPECT_EQ(local_["snapshot"], file("2.snapshot.json"));  // It was wholly valid.
}

TEST_F(UpdaterAttack, Rollback) {
    repository_.publish("content");
    const auto yesterday = repository_.metadata;
    repository_.publish("content");
    ASSERT_TRUE(accepted(refresh()));
    repository_.metadata = yesterday;

    expect_refused(Errc::kRollback);
}

TEST_F(UpdaterAttack, RollbackOfADelegatedRoleThroughSnapshot) {
    repository_.publish("content");
    ASSERT_TRUE(accepted(refresh()));
    repository_.roles["content"].version = 0;
    repository_.publish("content");

    expect_refused(Errc::kRollback, {"timestamp"});
}

TEST_F(UpdaterAttack, WrongSoftware) {
    // The rollout role lists a path that is content's to speak for, and content does not.
    repository_.put_target("rollout", "content/yara/7.fbb", to_bytes("evil"));
    repository_.publish("rollout");

    const auto updater = refresh({"content/yara/7.fbb", "rings/yara.json"});

    ASSERT_TRUE(accepted(updater));
    EXPECT_TRUE(refused(updater->found("content/yara/7.fbb"), Errc::kTargetNotFound));
}

TEST_F(UpdaterAttack, KeyCompromiseBelowTheThreshold) {
    repository_.put_target("content", "content/yara/7.fbb", to_bytes("evil"));
    repository_.signs["content"] = {"approver"};  // One of the two it takes.
    repository_.publish("content");

    EXPECT_TRUE(refused(refresh({"content/yara/7.fbb"}), Errc::kThresholdNotMet));
    EXPECT_FALSE(local_.contains("content"));
}

TEST_F(UpdaterAttack, KeyCompromiseEndsWithTheRootThatRevokesIt) {
    repository_.replace_keys("timestamp", {"timestamp-2"}, 1);
    repository_.publish_root();
    repository_.signs["timestamp"] = {"timestamp"};  // The thief still has the old one.
    repository_.publish_timestamp();

    expect_refused(Errc::kThresholdNotMet, {"root"});
}

}  // namespace
}  // namespace firebreak::trust
