// The workflow: what is asked for, in which order, what is kept, and what a client finds when it
// starts again.

#include "core/trust/updater.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"
#include "tests/unit/core/trust/updater_fixture.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using test::accepted;
using test::refused;
using Names = std::vector<std::string>;

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
