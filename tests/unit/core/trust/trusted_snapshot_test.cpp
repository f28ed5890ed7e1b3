// The checks on snapshot (5.5), as trusted_set_test.cpp makes them on root and timestamp. 5.6, for
// targets and every role below, is in delegated_roles_test.cpp.

#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/trusted_set.hpp"
#include "tests/unit/core/trust/trusted_set_fixture.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::days;
using test::accepted;
using test::refused;

class TrustedSetSnapshot : public TrustedSetTest {
protected:
    void expect_refused(TrustedSet& set, Errc code) {
        const auto version = set.snapshot() ? set.snapshot()->version : 0;
        EXPECT_TRUE(refused(set.update_snapshot(snapshot_file()), code));
        EXPECT_EQ(set.snapshot() ? set.snapshot()->version : 0, version);
        EXPECT_FALSE(set.snapshot_is_current());
    }
};

TEST_F(TrustedSetSnapshot, IsCurrentOnceVerified) {
    TrustedSet set = with_timestamp();
    EXPECT_FALSE(set.snapshot_is_current());

    ASSERT_TRUE(accepted(set.update_snapshot(snapshot_file())));
    EXPECT_TRUE(set.snapshot_is_current());

    repository_.publish_snapshot();
    ASSERT_TRUE(accepted(set.update_timestamp(timestamp_file())));
    EXPECT_FALSE(set.snapshot_is_current());
}

TEST_F(TrustedSetSnapshot, RefusesOtherBytesThanTheTimestampVouchesFor) {
    TrustedSet set = with_timestamp();
    Bytes& bytes = repository_.metadata.at("1.snapshot.json");
    bytes.push_back(' ');  // The same document, still well signed.
    expect_refused(set, Errc::kLengthMismatch);

    bytes.pop_back();
    std::swap(bytes.front(), bytes.back());
    expect_refused(set, Errc::kHashMismatch);
}

TEST_F(TrustedSetSnapshot, RefusesOtherKeysThanRootNames) {
    repository_.signs["snapshot"] = {"timestamp"};
    repository_.sign_snapshot();
    repository_.sign_timestamp();
    TrustedSet set = with_timestamp();

    expect_refused(set, Errc::kThresholdNotMet);
}

TEST_F(TrustedSetSnapshot, ChecksTheHashBeforeItLooksInside) {
    TrustedSet set = with_timestamp();
    repository_.metadata.at("1.snapshot.json") = Bytes(snapshot_file().size(), '[');

    expect_refused(set, Errc::kHashMismatch);
}

TEST_F(TrustedSetSnapshot, RefusesAnotherVersionThanTheTimestampNames) {
    repository_.vouches_hashes = false;
    repository_.publish_snapshot();
    TrustedSet set = with_timestamp();
    repository_.metadata.at("2.snapshot.json") = file("1.snapshot.json");
    expect_refused(set, Errc::kWrongVersion);

    ++repository_.snapshot.version;
    repository_.sign_snapshot();
    repository_.metadata.at("2.snapshot.json") = file("3.snapshot.json");
    repository_.snapshot.version = 2;
    expect_refused(set, Errc::kWrongVersion);
}

// Mix and match: yesterday's content beside today's targets. tough CVE-2025-2887: unchecked for
// delegated roles.
TEST_F(TrustedSetSnapshot, RefusesAnyRoleAtAnOlderVersion) {
    for (const char* role : {"content", "rollout", "targets"}) repository_.publish(role);
    const Bytes timestamp = timestamp_file();
    const Bytes snapshot = snapshot_file();
    const Snapshot good = repository_.snapshot;
    for (const auto& [role, meta] : good.meta) {
        repository_.snapshot = good;
        repository_.snapshot.version += 1;
        repository_.snapshot.meta[role].version = meta.version - 1;
        repository_.sign_snapshot();
        repository_.publish_timestamp();
        TrustedSet set = resumed(timestamp, snapshot);

        expect_refused(set, Errc::kRollback);
    }
}

TEST_F(TrustedSetSnapshot, RefusesToLoseARole) {
    const Bytes timestamp = timestamp_file();
    const Bytes snapshot = snapshot_file();
    repository_.snapshot.meta.erase("content");
    repository_.publish_snapshot();
    TrustedSet set = resumed(timestamp, snapshot);

    expect_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetSnapshot, StopsARollbackWithAnExpiredLocalOneToo) {
    repository_.publish("content");
    repository_.snapshot.expires = kNow - days{1};
    repository_.publish_snapshot();
    const Bytes timestamp = timestamp_file();
    const Bytes snapshot = snapshot_file();
    repository_.snapshot.expires = kNow + days{1};
    repository_.snapshot.meta["content"].version = 1;
    repository_.publish_snapshot();
    TrustedSet set = resumed(timestamp, snapshot);

    expect_refused(set, Errc::kRollback);
}

TEST_F(TrustedSetSnapshot, RefusesAnExpiredOne) {
    repository_.snapshot.expires = kNow;
    repository_.publish_snapshot();
    TrustedSet set = with_timestamp();

    expect_refused(set, Errc::kExpired);
}

TEST_F(TrustedSetSnapshot, IgnoresALocalOneThatDoesNotVerify) {
    TrustedSet set = with_timestamp();
    repository_.signs["snapshot"] = {"mallory"};
    repository_.sign_snapshot();

    EXPECT_TRUE(refused(set.load_snapshot(snapshot_file()), Errc::kThresholdNotMet));
    EXPECT_FALSE(set.snapshot());
}

// Right version and well signed, but not the bytes that the timestamp vouches for: fetch again.
TEST_F(TrustedSetSnapshot, DoesNotTakeOtherLocalBytesForCurrent) {
    TrustedSet set = with_timestamp();
    Bytes other = snapshot_file();
    other.push_back('\n');

    ASSERT_TRUE(accepted(set.load_snapshot(other)));
    EXPECT_FALSE(set.snapshot_is_current());
    ASSERT_TRUE(accepted(set.update_snapshot(snapshot_file())));
    EXPECT_TRUE(set.snapshot_is_current());
}

// Where timestamp gives no hash, the version alone says that there is a newer one to fetch.
TEST_F(TrustedSetSnapshot, DoesNotTakeAnOlderLocalOneForCurrent) {
    repository_.vouches_hashes = false;
    repository_.publish_snapshot();
    const Bytes timestamp = timestamp_file();
    const Bytes snapshot = snapshot_file();
    repository_.publish_snapshot();

    EXPECT_FALSE(resumed(timestamp, snapshot).snapshot_is_current());
}

TEST_F(TrustedSetSnapshot, ListsMayGrow) {
    const Bytes timestamp = timestamp_file();
    const Bytes snapshot = snapshot_file();
    repository_.delegate("targets", "extra", {"extra/*"});
    repository_.publish("extra");
    TrustedSet set = resumed(timestamp, snapshot);

    EXPECT_TRUE(accepted(set.update_snapshot(snapshot_file())));
}

}  // namespace
}  // namespace firebreak::trust
