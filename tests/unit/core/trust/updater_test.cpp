// The workflow: what is asked for, in which order, what is kept, and what a client finds when it
// starts again. The attacks are those of the specification, 1.5.2, by name.

#include "core/trust/updater.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using test::accepted;
using test::refused;
using Names = std::vector<std::string>;

constexpr std::chrono::sys_seconds kNow{seconds{1'800'000'000}};

class UpdaterTest : public ::testing::Test {
protected:
    Result<Updater> refresh(const Names& paths = {}) {
        repository_.requests.clear();
        return repository_.refresh(local_, kNow, paths);
    }

    /// Refreshes, expects `code`, and that of the local metadata only `changed` did change.
    void expect_refused(std::error_code code, const Names& changed = {}) {
        const LocalMetadata before = local_;
        EXPECT_TRUE(refused(refresh(), code));
        for (const auto& [role, bytes] : local_) {
            const bool may_change = std::ranges::find(changed, role) != changed.end();
            const auto old = before.find(role);
            const bool same = old != before.end() && old->second == bytes;
            EXPECT_EQ(same, !may_change) << role;
        }
    }

    Bytes& file(const std::string& name) { return repository_.metadata.at(name); }

    test::RepositorySimulator repository_{kNow};
    LocalMetadata local_ = repository_.first_install();
};

// What is asked for.

using UpdaterRequests = UpdaterTest;

TEST_F(UpdaterRequests, FirstRefreshFetchesAndKeepsEachRoleOnce) {
    ASSERT_TRUE(accepted(refresh()));

    EXPECT_EQ(repository_.requests,
              (Names{"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}));
    EXPECT_EQ(local_.size(), 4U);
    EXPECT_EQ(local_["timestamp"], file("timestamp.json"));  // Byte for byte as served.
    EXPECT_EQ(local_["snapshot"], file("1.snapshot.json"));
    EXPECT_EQ(local_["targets"], file("1.targets.json"));
}

TEST_F(UpdaterRequests, AnIdlePollIsTwoRequests) {
    ASSERT_TRUE(accepted(refresh({"rings/yara.json"})));

    ASSERT_TRUE(accepted(refresh({"rings/yara.json"})));
    EXPECT_EQ(repository_.requests, (Names{"2.root.json", "timestamp.json"}));
}

TEST_F(UpdaterRequests, FetchesOnlyTheRolesThatChanged) {
    ASSERT_TRUE(accepted(refresh({"rings/yara.json", "content/yara/1.fbb"})));
    repository_.publish("rollout");

    ASSERT_TRUE(accepted(refresh({"rings/yara.json", "content/yara/1.fbb"})));
    EXPECT_EQ(repository_.requests,
              (Names{"2.root.json", "timestamp.json", "2.snapshot.json", "2.rollout.json"}));
}

TEST_F(UpdaterRequests, WithoutConsistentSnapshotsOnlyRootHasAVersion) {
    repository_.root.consistent_snapshot = false;
    repository_.publish_root();
    for (const char* role : {"targets", "content", "rollout"}) repository_.publish(role);

    ASSERT_TRUE(accepted(refresh({"rings/yara.json"})));
    EXPECT_EQ(repository_.requests, (Names{"2.root.json", "3.root.json", "timestamp.json",
                                           "snapshot.json", "targets.json", "rollout.json"}));
}

TEST_F(UpdaterRequests, FollowsAndKeepsEachRootOfAChain) {
    for (int i = 0; i < 3; ++i) {
        repository_.replace_keys("root", {"r" + std::to_string(i), "s" + std::to_string(i)}, 2);
        repository_.publish_root();
    }

    const auto updater = refresh();

    ASSERT_TRUE(accepted(updater));
    EXPECT_EQ(updater->root().version, 4);
    EXPECT_EQ(local_["root"], file("4.root.json"));
    EXPECT_EQ(repository_.requests[3], "5.root.json");
}

TEST_F(UpdaterRequests, CapsTheRootsOfOneCycleAndGoesOnInTheNext) {
    for (int i = 0; i < 5; ++i) repository_.publish_root();
    Updater updater = *Updater::start(local_, kNow, {.root_rotations_max = 3});

    ASSERT_TRUE(accepted(repository_.run(updater, local_)));
    EXPECT_EQ(updater.root().version, 4);
    ASSERT_TRUE(accepted(refresh()));
    EXPECT_EQ(local_["root"], file("6.root.json"));
}

TEST_F(UpdaterRequests, AsksForNoRootAfterTheLastThereCanBe) {
    repository_.root.version = std::numeric_limits<Version>::max() - 1;
    repository_.publish_root();
    local_["root"] = file("9223372036854775807.root.json");

    ASSERT_TRUE(accepted(refresh()));
    EXPECT_EQ(repository_.requests.front(), "timestamp.json");
}

TEST_F(UpdaterRequests, SaysHowMuchAtMostToDownload) {
    const auto ask = [this](Updater& updater) {
        const auto step = updater.next();
        EXPECT_TRUE(accepted(step));
        const auto* fetch = std::get_if<Updater::Fetch>(&*step);
        EXPECT_NE(fetch, nullptr);
        return fetch == nullptr ? Updater::Fetch{} : *fetch;
    };
    const auto answer = [this](Updater& updater, const char* name) {
        updater.fetched(file(name));
        EXPECT_TRUE(std::holds_alternative<Updater::Persist>(*updater.next()));
    };
    Updater updater = *Updater::start(local_, kNow, {.targets_bytes_max = 100});

    const auto root = ask(updater);
    EXPECT_EQ(root.bytes_max, 512'000U);
    EXPECT_TRUE(root.absence_is_an_answer);
    updater.not_available();
    const auto timestamp = ask(updater);
    EXPECT_EQ(timestamp.bytes_max, 16'384U);
    EXPECT_FALSE(timestamp.absence_is_an_answer);
    answer(updater, "timestamp.json");
    EXPECT_EQ(ask(updater).bytes_max, file("1.snapshot.json").size());
    answer(updater, "1.snapshot.json");
    EXPECT_EQ(ask(updater).bytes_max, 100U);  // The cap, whatever snapshot says.
}

TEST_F(UpdaterRequests, RepeatsItselfUntilItIsAnswered) {
    Updater updater = *Updater::start(local_, kNow, {});

    for (int i = 0; i < 3; ++i) {
        const auto step = updater.next();
        ASSERT_TRUE(accepted(step));
        EXPECT_EQ(std::get<Updater::Fetch>(*step).path, "2.root.json");
    }
}

// The attacks of 1.5.2.

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

// Only snapshot's keys rotate, so the fast-forwarded timestamp still verifies: re-verification alone
// would keep it, and no real timestamp would ever be newer (5.3.11).
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

// Every role is kept as soon as it is wholly valid, and never before.

using UpdaterPersistence = UpdaterTest;

TEST_F(UpdaterPersistence, KeepsAnExpiredRootAndGoesNoFurther) {
    repository_.root.expires = kNow;
    repository_.publish_root();

    expect_refused(Errc::kExpired, {"root"});
    EXPECT_EQ(local_.size(), 1U);
    EXPECT_EQ(repository_.requests, (Names{"2.root.json", "3.root.json"}));
}

TEST_F(UpdaterPersistence, LeavesTheOldTimestampWhenTheNewOneIsRefused) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.timestamp.expires = kNow;
    repository_.publish_timestamp();

    // tough CVE-2025-2888: a rejected timestamp was kept, and froze the client for good.
    expect_refused(Errc::kExpired);
    repository_.timestamp.expires = kNow + days{1};
    repository_.publish_timestamp();
    EXPECT_TRUE(accepted(refresh()));
}

TEST_F(UpdaterPersistence, KeepsTimestampWhenSnapshotIsMissing) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.publish("targets");
    const Bytes snapshot = file("2.snapshot.json");
    repository_.metadata.erase("2.snapshot.json");
    expect_refused(firebreak::Errc::kNotFound, {"timestamp"});

    // The next run finds an unchanged timestamp, and must finish all the same.
    repository_.metadata["2.snapshot.json"] = snapshot;
    ASSERT_TRUE(accepted(refresh()));
    EXPECT_EQ(local_["targets"], file("2.targets.json"));
}

TEST_F(UpdaterPersistence, EndsWhenTheTimestampIsMissing) {
    repository_.metadata.erase("timestamp.json");

    expect_refused(firebreak::Errc::kNotFound);
}

TEST_F(UpdaterPersistence, KeepsADelegatedRoleOnlyWhenVisited) {
    ASSERT_TRUE(accepted(refresh({"rings/yara.json"})));

    EXPECT_TRUE(local_.contains("rollout"));
    EXPECT_FALSE(local_.contains("content"));
}

TEST_F(UpdaterPersistence, SurvivesACrashAfterEveryStep) {
    ASSERT_TRUE(accepted(refresh({"rings/yara.json", "content/yara/1.fbb"})));
    repository_.replace_keys("timestamp", {"timestamp-2"}, 1);
    repository_.publish_root();
    for (const char* role : {"targets", "content", "rollout"}) repository_.publish(role);
    const LocalMetadata start = local_;

    bool finished = false;
    for (int steps = 0; !finished; ++steps) {
        LocalMetadata disk = start;
        Updater updater = *Updater::start(disk, kNow, {});
        updater.look_for("content/yara/1.fbb");
        for (int i = 0; i < steps && !finished; ++i) {
            auto step = updater.next();
            ASSERT_TRUE(accepted(step));
            if (auto* kept = std::get_if<Updater::Persist>(&*step)) disk[kept->role] = kept->bytes;
            if (auto* gone = std::get_if<Updater::Forget>(&*step)) disk.erase(gone->role);
            if (auto* asked = std::get_if<Updater::Fetch>(&*step)) {
                const auto bytes = repository_.fetch(asked->path);
                bytes ? updater.fetched(*bytes) : updater.not_available();
            }
            finished = std::holds_alternative<Updater::Idle>(*step);
        }
        EXPECT_TRUE(accepted(repository_.refresh(disk, kNow, {"content/yara/1.fbb"}))) << steps;
        EXPECT_EQ(disk["content"], file("2.content.json"));
    }
}

TEST_F(UpdaterPersistence, IsSpentAfterAnError) {
    repository_.metadata.erase("timestamp.json");
    Updater updater = *Updater::start(local_, kNow, {});
    ASSERT_FALSE(repository_.run(updater, local_));

    EXPECT_TRUE(refused(updater.next(), firebreak::Errc::kNotFound));
    EXPECT_TRUE(refused(updater.next(), firebreak::Errc::kNotFound));
}

// What is on our own disk proves nothing.

using UpdaterLocal = UpdaterTest;

TEST_F(UpdaterLocal, NeedsARootThatVerifies) {
    EXPECT_TRUE(refused(Updater::start({}, kNow, {}), Errc::kRootMissing));
    EXPECT_TRUE(refused(Updater::start({{"root", to_bytes("{}")}}, kNow, {}), Errc::kMalformed));
    local_["root"] = *signing::sign_metadata(to_json(repository_.root), {});
    EXPECT_TRUE(refused(Updater::start(local_, kNow, {}), Errc::kThresholdNotMet));
}

TEST_F(UpdaterLocal, FetchesAgainWhateverIsCorruptOnDisk) {
    ASSERT_TRUE(accepted(refresh({"content/yara/1.fbb"})));
    const LocalMetadata good = local_;
    for (const char* role : {"timestamp", "snapshot", "targets", "content"}) {
        for (const Bytes& bad :
             {Bytes{}, to_bytes("null"), to_bytes("{\"signed\":{}"), good.at("root"),
              Bytes(good.at(role).begin(), good.at(role).end() - 1)}) {
            local_ = good;
            local_[role] = bad;

            EXPECT_TRUE(accepted(refresh({"content/yara/1.fbb"}))) << role;
            EXPECT_EQ(local_, good) << role;
        }
    }
}

TEST_F(UpdaterLocal, DoesNotTrustAForgedCopyOnDisk) {
    ASSERT_TRUE(accepted(refresh({"content/yara/7.fbb"})));
    const LocalMetadata good = local_;
    test::RepositorySimulator forged(kNow);
    forged.put_target("content", "content/yara/7.fbb", to_bytes("evil"));
    forged.signs["content"] = {"mallory", "approver"};
    forged.sign_role("content");
    local_["content"] = forged.metadata.at("1.content.json");

    const auto updater = refresh({"content/yara/7.fbb"});

    ASSERT_TRUE(accepted(updater));
    EXPECT_TRUE(refused(updater->found("content/yara/7.fbb"), Errc::kTargetNotFound));
    EXPECT_EQ(local_, good);
}

TEST_F(UpdaterLocal, UsesAnExpiredLocalSnapshotAgainstRollbackOnly) {
    repository_.publish("content");
    repository_.snapshot.expires = kNow + seconds{10};
    repository_.publish_snapshot();
    ASSERT_TRUE(accepted(refresh()));
    repository_.snapshot.expires = kNow + days{1};
    repository_.roles["content"].version = 0;
    repository_.publish("content");

    EXPECT_TRUE(refused(repository_.refresh(local_, kNow + seconds{20}), Errc::kRollback));
}

TEST_F(UpdaterLocal, TakesNoHarmFromAClockThatWentBack) {
    ASSERT_TRUE(accepted(refresh()));
    repository_.publish("content");

    EXPECT_TRUE(accepted(repository_.refresh(local_, kNow - days{1000})));
}

}  // namespace
}  // namespace firebreak::trust
