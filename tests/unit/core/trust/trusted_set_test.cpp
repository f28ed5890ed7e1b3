// The checks of the client workflow on root and timestamp (specification 5.2 to 5.4), one refusal a
// test, in the order of the clauses. After every refusal what was trusted before must still be.

#include "core/trust/trusted_set.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "core/trust/errc.hpp"
#include "tests/unit/core/trust/trusted_set_fixture.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using test::accepted;
using test::refused;

// 5.2, the root that the client starts from.

using TrustedSetStart = TrustedSetTest;

TEST_F(TrustedSetStart, TakesARootSignedByItselfEvenWhenItHasExpired) {
    const auto set = TrustedSet::start(file("1.root.json"), kNow + days{5000});

    ASSERT_TRUE(accepted(set));
    EXPECT_EQ(set->root().version, 1);
}

TEST_F(TrustedSetStart, RefusesARootBelowItsOwnThreshold) {
    const auto signer = test::RepositorySimulator::signer("root-1");
    const Bytes by_none = *signing::sign_metadata(to_json(repository_.root), {});
    const Bytes by_one = *signing::add_signature(by_none, signer);

    EXPECT_TRUE(refused(TrustedSet::start(by_none, kNow), Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(TrustedSet::start(by_one, kNow), Errc::kThresholdNotMet));
}

TEST_F(TrustedSetStart, RefusesWhatIsNotARoot) {
    EXPECT_TRUE(refused(TrustedSet::start({}, kNow), Errc::kMalformed));
    EXPECT_TRUE(refused(TrustedSet::start(bytes_of("null"), kNow), Errc::kMalformed));
    EXPECT_TRUE(refused(TrustedSet::start(timestamp_file(), kNow), Errc::kMalformed));
}

// 5.3, newer roots.

using TrustedSetRoot = TrustedSetTest;

TEST_F(TrustedSetRoot, FollowsARotationSignedByOldAndNewKeys) {
    repository_.replace_keys("root", {"new-1", "new-2"}, 2);
    repository_.publish_root();
    TrustedSet set = started();

    ASSERT_TRUE(accepted(set.update_root(file("2.root.json"))));
    EXPECT_EQ(set.root().version, 2);
}

TEST_F(TrustedSetRoot, RefusesARotationThatTheOldKeysDidNotSign) {
    repository_.replace_keys("root", {"mallory-1", "mallory-2"}, 2);
    ++repository_.root.version;
    const auto first = test::RepositorySimulator::signer("mallory-1");
    const auto second = test::RepositorySimulator::signer("mallory-2");
    repository_.metadata["2.root.json"] =
        *signing::sign_metadata(to_json(repository_.root), {&first, &second});
    TrustedSet set = started();

    expect_root_refused(set, Errc::kThresholdNotMet);
}

// GMS-2022-4197: a new root below its own threshold.
TEST_F(TrustedSetRoot, RefusesARotationThatTheNewKeysDidNotSign) {
    repository_.replace_keys("root", {"new-1", "new-2"}, 2);
    repository_.signs["root"] = {"new-1"};
    repository_.publish_root();
    TrustedSet set = started();

    expect_root_refused(set, Errc::kThresholdNotMet);
}

TEST_F(TrustedSetRoot, RefusesOneRootKeyOfThree) {
    ++repository_.root.version;
    const auto signer = test::RepositorySimulator::signer("root-1");
    repository_.metadata["2.root.json"] =
        *signing::sign_metadata(to_json(repository_.root), {&signer});
    TrustedSet set = started();

    expect_root_refused(set, Errc::kThresholdNotMet);
}

// tough CVE-2025-2885: the version was not checked.
TEST_F(TrustedSetRoot, RefusesAVersionThatIsNotTheNext) {
    repository_.root.version = 2;
    repository_.publish_root();
    repository_.metadata["2.root.json"] = file("3.root.json");
    TrustedSet set = started();
    expect_root_refused(set, Errc::kWrongVersion);

    repository_.metadata["2.root.json"] = file("1.root.json");
    expect_root_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetRoot, RefusesTheLastVersionOfAllUnlessItIsTheNext) {
    repository_.root.version = std::numeric_limits<Version>::max() - 1;
    repository_.publish_root();
    repository_.metadata["2.root.json"] = file("9223372036854775807.root.json");
    TrustedSet set = started();

    expect_root_refused(set, Errc::kWrongVersion);
}

TEST_F(TrustedSetRoot, RefusesAnotherRoleAndAnotherSpecification) {
    TrustedSet set = started();
    repository_.metadata["2.root.json"] = to_bytes("{}");
    expect_root_refused(set, Errc::kMalformed);

    json::value other = to_json(repository_.root);
    other.as_object()["spec_version"] = "2.0.0";
    const auto first = test::RepositorySimulator::signer("root-1");
    const auto second = test::RepositorySimulator::signer("root-2");
    repository_.metadata["2.root.json"] = *signing::sign_metadata(other, {&first, &second});
    expect_root_refused(set, Errc::kUnsupportedSpec);
}

TEST_F(TrustedSetRoot, PassesAnExpiredRootOnTheWayAndRefusesItAtTheEnd) {
    repository_.root.expires = kNow;  // 5.3.10: must be higher than the start of the update.
    repository_.publish_root();
    TrustedSet set = started();
    ASSERT_TRUE(accepted(set.update_root(file("2.root.json"))));

    EXPECT_TRUE(refused(set.finish_root(), Errc::kExpired));

    repository_.root.expires = kNow + seconds{1};
    repository_.publish_root();
    ASSERT_TRUE(accepted(set.update_root(file("3.root.json"))));
    EXPECT_TRUE(accepted(set.finish_root()));
}

// 5.4.

class TrustedSetTimestamp : public TrustedSetTest {
protected:
    void expect_refused(TrustedSet& set, Errc code) {
        const auto version = set.timestamp() ? set.timestamp()->version : 0;
        EXPECT_TRUE(refused(set.update_timestamp(timestamp_file()), code));
        EXPECT_EQ(set.timestamp() ? set.timestamp()->version : 0, version);
    }
};

TEST_F(TrustedSetTimestamp, IsNewAndThenUnchanged) {
    TrustedSet set = with_root();

    EXPECT_EQ(*set.update_timestamp(timestamp_file()), Freshness::kNew);
    EXPECT_EQ(*set.update_timestamp(timestamp_file()), Freshness::kUnchanged);
    repository_.publish_timestamp();
    EXPECT_EQ(*set.update_timestamp(timestamp_file()), Freshness::kNew);
    EXPECT_EQ(set.timestamp()->version, 2);
}

TEST_F(TrustedSetTimestamp, RefusesOtherKeysThanRootNames) {
    TrustedSet set = with_root();
    for (const char* other : {"mallory", "snapshot", "rollout", "targets-1", "root-1"}) {
        repository_.signs["timestamp"] = {other};
        repository_.sign_timestamp();
        expect_refused(set, Errc::kThresholdNotMet);
    }
    repository_.signs["timestamp"] = {};
    repository_.sign_timestamp();
    expect_refused(set, Errc::kThresholdNotMet);
}

TEST_F(TrustedSetTimestamp, RefusesAnotherRoleSignedByTheRightKey) {
    repository_.signs["snapshot"] = {"timestamp"};
    repository_.sign_snapshot();
    repository_.metadata["timestamp.json"] = snapshot_file();
    TrustedSet set = with_root();

    expect_refused(set, Errc::kMalformed);
}

TEST_F(TrustedSetTimestamp, RefusesEverySingleBitFlip) {
    const Bytes good = timestamp_file();
    const TrustedSet before = with_root();
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes flipped = good;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        TrustedSet set = before;

        const auto result = set.update_timestamp(flipped);

        // Where the flip turns a hex digit's case, the signature is still the same bytes.
        if (result) {
            EXPECT_EQ(parse_envelope(flipped)->signatures[0].value,
                      parse_envelope(good)->signatures[0].value)
                << "bit " << bit;
            EXPECT_EQ(parse_envelope(flipped)->signed_bytes, parse_envelope(good)->signed_bytes);
        } else {
            EXPECT_FALSE(set.timestamp());
        }
    }
}

TEST_F(TrustedSetTimestamp, RefusesRollback) {
    const Bytes old = timestamp_file();
    repository_.publish_timestamp();
    TrustedSet set = with_timestamp();
    repository_.metadata["timestamp.json"] = old;

    expect_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetTimestamp, RefusesRollbackEvenWhenWhatItTrustsHasExpired) {
    const Bytes old = timestamp_file();
    repository_.timestamp.expires = kNow - days{1};
    repository_.publish_timestamp();
    TrustedSet set = with_root();
    ASSERT_TRUE(accepted(set.load_timestamp(timestamp_file())));
    repository_.metadata["timestamp.json"] = old;

    expect_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetTimestamp, RefusesAnOlderSnapshotUnderANewerTimestamp) {
    repository_.publish_snapshot();
    TrustedSet set = with_timestamp();
    repository_.timestamp.snapshot.version = 1;
    repository_.publish_timestamp();

    expect_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetTimestamp, RefusesAnExpiredOne) {
    TrustedSet set = with_root();
    repository_.timestamp.expires = kNow;
    repository_.publish_timestamp();

    expect_refused(set, Errc::kExpired);
}

// Nothing new since, and what we hold is past its date: somebody feeds us the past.
TEST_F(TrustedSetTimestamp, RefusesAFreezeAtTheVersionItHolds) {
    repository_.timestamp.expires = kNow;
    repository_.publish_timestamp();
    TrustedSet set = with_root();
    ASSERT_TRUE(accepted(set.load_timestamp(timestamp_file())));

    expect_refused(set, Errc::kExpired);
}

// The same version again with a later date is not the thing we trust: versions never change.
TEST_F(TrustedSetTimestamp, RefusesAFreezeDressedUpWithALaterDate) {
    repository_.timestamp.expires = kNow;
    repository_.publish_timestamp();
    TrustedSet set = with_root();
    ASSERT_TRUE(accepted(set.load_timestamp(timestamp_file())));
    repository_.timestamp.expires = kNow + days{1};
    repository_.sign_timestamp();

    expect_refused(set, Errc::kExpired);
}

// An equal version with other contents brings nothing.
TEST_F(TrustedSetTimestamp, DiscardsAnEqualVersionWhateverItSays) {
    TrustedSet set = with_timestamp();
    repository_.timestamp.snapshot.version = 99;
    repository_.sign_timestamp();

    EXPECT_EQ(*set.update_timestamp(timestamp_file()), Freshness::kUnchanged);
    EXPECT_EQ(set.timestamp()->snapshot.version, 1);
}

TEST_F(TrustedSetTimestamp, IgnoresALocalOneThatDoesNotVerify) {
    repository_.timestamp.version = 1'000;
    repository_.signs["timestamp"] = {"mallory"};
    repository_.sign_timestamp();
    TrustedSet set = with_root();

    EXPECT_TRUE(refused(set.load_timestamp(timestamp_file()), Errc::kThresholdNotMet));
    EXPECT_FALSE(set.timestamp());
}

// Calling out of order is a bug of ours, and must not be a way around a check.

using TrustedSetDeathTest = TrustedSetTest;

TEST_F(TrustedSetDeathTest, StopsTheProcessWhenCalledOutOfOrder) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    TrustedSet fresh = started();
    EXPECT_DEATH((void)fresh.update_timestamp(timestamp_file()), "check failed: root_is_final_");
    TrustedSet set = with_root();
    EXPECT_DEATH((void)set.update_root(file("1.root.json")), "check failed: !root_is_final_");
    EXPECT_DEATH((void)set.update_snapshot(snapshot_file()), "check failed: timestamp_");
    EXPECT_DEATH((void)set.update_targets("targets", "root", file("1.targets.json")),
                 "check failed: snapshot_is_current");
}

}  // namespace
}  // namespace firebreak::trust
