#pragma once

#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/trusted_set.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {

/// A repository, and sets that trust it up to some step of the workflow.
class TrustedSetTest : public ::testing::Test {
protected:
    static constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

    const Bytes& file(const std::string& name) { return repository_.metadata.at(name); }
    const Bytes& timestamp_file() { return file("timestamp.json"); }
    const Bytes& snapshot_file() {
        return file(std::to_string(repository_.snapshot.version) + ".snapshot.json");
    }

    TrustedSet started() { return *TrustedSet::start(file("1.root.json"), kNow); }

    TrustedSet with_root() {
        TrustedSet set = started();
        EXPECT_TRUE(test::accepted(set.finish_root()));
        return set;
    }

    /// Trusts the repository's timestamp as it stands.
    TrustedSet with_timestamp() {
        TrustedSet set = with_root();
        EXPECT_TRUE(test::accepted(set.update_timestamp(timestamp_file())));
        return set;
    }

    TrustedSet with_snapshot() {
        TrustedSet set = with_timestamp();
        EXPECT_TRUE(test::accepted(set.update_snapshot(snapshot_file())));
        return set;
    }

    /// A later cycle of a client that had trusted the repository as it stood in `before`.
    TrustedSet resumed(const Bytes& timestamp_before, const Bytes& snapshot_before) {
        TrustedSet set = with_root();
        EXPECT_TRUE(test::accepted(set.load_timestamp(timestamp_before)));
        EXPECT_TRUE(test::accepted(set.update_timestamp(timestamp_file())));
        EXPECT_TRUE(test::accepted(set.load_snapshot(snapshot_before)));
        return set;
    }

    void expect_root_refused(TrustedSet& set, Errc code) {
        const Version version = set.root().version;
        EXPECT_TRUE(test::refused(set.update_root(file("2.root.json")), code));
        EXPECT_EQ(set.root().version, version);
    }

    test::RepositorySimulator repository_{kNow};
};

}  // namespace firebreak::trust
