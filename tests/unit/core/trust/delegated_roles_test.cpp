// 5.6 for every targets role. The public conformance suite does not notice when a client checks
// delegated roles less than targets, and our rings rest on them: so each check is made here for
// "targets", for a role below it and for a role below that.

#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/trusted_set.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

struct Place {
    const char* role;
    const char* delegator;
};

void PrintTo(const Place& place, std::ostream* out) {
    *out << place.role;
}

class TargetsRole : public ::testing::TestWithParam<Place> {
protected:
    TargetsRole() {
        repository_.delegate("targets", "team", {"team/*"});
        repository_.delegate("team", "member", {"team/*"});
        // Two keys each, so that thresholds mean something.
        const auto names = std::vector<std::string>{"first", "second"};
        repository_.replace_keys("targets", names, 2);
        sign_by_two("targets", "team");
        sign_by_two("team", "member");
        repository_.publish_root();
        for (const char* role : {"member", "team", "targets"}) repository_.publish(role);
    }

    void sign_by_two(const std::string& parent, const std::string& role) {
        KeyMap& keys = repository_.roles.at(parent).delegations->keys;
        RoleKeys& signers = repository_.delegation(parent, role).keys;
        signers = {{}, 2};
        repository_.signs[role] = {};
        for (const std::string& name : {role + "-1", role + "-2"}) {
            const Key key = test::RepositorySimulator::signer(name).key();
            keys.emplace(key.id(), key);
            signers.key_ids.push_back(key.id());
            repository_.signs[role].push_back(name);
        }
    }

    std::string role() const { return GetParam().role; }
    Targets& document() { return repository_.roles.at(role()); }

    Bytes& file() {
        return repository_.metadata.at(std::to_string(document().version) + "." + role() + ".json");
    }

    /// A set that trusts everything above the role under test, of the repository as it stands.
    TrustedSet set_above() {
        TrustedSet set = *TrustedSet::start(repository_.metadata.at("1.root.json"), kNow);
        EXPECT_TRUE(accepted(set.update_root(repository_.metadata.at("2.root.json"))));
        EXPECT_TRUE(accepted(set.finish_root()));
        EXPECT_TRUE(accepted(set.update_timestamp(repository_.metadata.at("timestamp.json"))));
        EXPECT_TRUE(accepted(set.update_snapshot(repository_.metadata.at(
            std::to_string(repository_.snapshot.version) + ".snapshot.json"))));
        for (const Place& above : {Place{"targets", "root"}, Place{"team", "targets"}}) {
            if (role() == above.role) break;
            const std::string version = std::to_string(repository_.roles.at(above.role).version);
            EXPECT_TRUE(accepted(
                set.update_targets(above.role, above.delegator,
                                   repository_.metadata.at(version + "." + above.role + ".json"))));
        }
        return set;
    }

    void expect_refused(const Bytes& bytes, Errc code) {
        TrustedSet set = set_above();
        EXPECT_TRUE(refused(set.update_targets(role(), GetParam().delegator, bytes), code));
        EXPECT_EQ(set.targets(role()), nullptr);
    }

    test::RepositorySimulator repository_{kNow};
};

INSTANTIATE_TEST_SUITE_P(Depth, TargetsRole,
                         ::testing::Values(Place{"targets", "root"}, Place{"team", "targets"},
                                           Place{"member", "team"}));

TEST_P(TargetsRole, IsTrustedWhenAllOfItHolds) {
    TrustedSet set = set_above();

    ASSERT_TRUE(accepted(set.update_targets(role(), GetParam().delegator, file())));
    ASSERT_NE(set.targets(role()), nullptr);
    EXPECT_EQ(set.targets(role())->version, document().version);
}

TEST_P(TargetsRole, RefusesStrangersSignatures) {
    repository_.signs[role()] = {"mallory", "eve"};
    repository_.publish(role());
    expect_refused(file(), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesNoSignatureAtAll) {
    repository_.signs[role()] = {};
    repository_.publish(role());
    expect_refused(file(), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesFewerThanItsThreshold) {
    repository_.signs[role()].pop_back();
    repository_.publish(role());
    expect_refused(file(), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesTheKeysOfARoleBeside) {
    repository_.signs[role()] = {"validator", "approver"};  // content's.
    repository_.publish(role());
    expect_refused(file(), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesTheKeysOfTheWrongDelegator) {
    // The parent's own keys, and the child's: neither may sign for the role between.
    const std::map<std::string, std::vector<std::string>> wrong{{"targets", {"root-1", "root-2"}},
                                                                {"team", {"first", "second"}},
                                                                {"member", {"team-1", "team-2"}}};
    repository_.signs[role()] = wrong.at(role());
    repository_.publish(role());
    expect_refused(file(), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesAChangeAfterSigning) {
    repository_.vouches_hashes = false;
    document().targets["team/x"] = TargetFile{1, {{"sha256", std::string(64, 'a')}}, {}};
    repository_.publish(role());
    std::string text = to_text(file());
    text.replace(text.find("aaaa"), 4, "aaab");
    expect_refused(to_bytes(text), Errc::kThresholdNotMet);
}

TEST_P(TargetsRole, RefusesAnExpiredOne) {
    document().expires = kNow;
    repository_.publish(role());
    expect_refused(file(), Errc::kExpired);
}

TEST_P(TargetsRole, RefusesAVersionOlderThanSnapshots) {
    repository_.vouches_hashes = false;
    const Bytes old = file();
    repository_.publish(role());
    expect_refused(old, Errc::kWrongVersion);
}

TEST_P(TargetsRole, RefusesAVersionNewerThanSnapshots) {
    repository_.vouches_hashes = false;
    repository_.publish(role());
    const Snapshot snapshot = repository_.snapshot;
    ++document().version;
    repository_.sign_role(role());
    repository_.snapshot = snapshot;
    expect_refused(file(), Errc::kWrongVersion);
}

TEST_P(TargetsRole, RefusesAnotherHash) {
    Bytes other = file();
    std::swap(other[1], other[2]);
    expect_refused(other, Errc::kHashMismatch);
}

TEST_P(TargetsRole, RefusesAnotherLengthBothWays) {
    Bytes longer = file();
    longer.push_back('\n');
    expect_refused(longer, Errc::kLengthMismatch);
    expect_refused(Bytes(longer.begin(), longer.end() - 2), Errc::kLengthMismatch);
    expect_refused({}, Errc::kLengthMismatch);
}

TEST_P(TargetsRole, RefusesARoleThatSnapshotDoesNotList) {
    const Bytes bytes = file();
    repository_.snapshot.meta.erase(role());
    repository_.publish_snapshot();
    expect_refused(bytes, Errc::kNotDelegated);
}

TEST_P(TargetsRole, RefusesWhatIsSignedAndNotATargetsDocument) {
    repository_.vouches_hashes = false;
    repository_.publish(role());
    const auto sign = [this](const json::value& value) {
        const auto first = test::RepositorySimulator::signer(repository_.signs[role()][0]);
        const auto second = test::RepositorySimulator::signer(repository_.signs[role()][1]);
        return *signing::sign_metadata(value, {&first, &second});
    };
    expect_refused(sign(to_json(repository_.timestamp)), Errc::kMalformed);
    expect_refused(sign(json::object()), Errc::kMalformed);
    json::value other = to_json(document());
    other.as_object()["spec_version"] = "2.0";
    expect_refused(sign(other), Errc::kUnsupportedSpec);
    expect_refused(to_bytes("null"), Errc::kMalformed);
}

TEST_P(TargetsRole, RefusesAChangeOfAnyFifthByteWhenSnapshotVouchesNoHash) {
    repository_.vouches_hashes = false;
    repository_.publish(role());
    const Bytes good = file();
    const TrustedSet above = set_above();
    for (std::size_t i = 0; i < good.size(); i += 5) {
        Bytes changed = good;
        changed[i] ^= 1U;
        TrustedSet set = above;

        EXPECT_FALSE(set.update_targets(role(), GetParam().delegator, changed)) << "byte " << i;
    }
}

class DelegatedRoles : public ::testing::Test {
protected:
    TrustedSet set_with_targets() {
        TrustedSet set = *TrustedSet::start(repository_.metadata.at("1.root.json"), kNow);
        EXPECT_TRUE(accepted(set.finish_root()));
        EXPECT_TRUE(accepted(set.update_timestamp(repository_.metadata.at("timestamp.json"))));
        EXPECT_TRUE(accepted(set.update_snapshot(file("snapshot", repository_.snapshot.version))));
        EXPECT_TRUE(accepted(set.update_targets("targets", "root", role_file("targets"))));
        return set;
    }
    const Bytes& file(const std::string& role, Version version) {
        return repository_.metadata.at(std::to_string(version) + "." + role + ".json");
    }
    const Bytes& role_file(const std::string& role) {
        return file(role, repository_.roles.at(role).version);
    }

    test::RepositorySimulator repository_{kNow};
};

TEST_F(DelegatedRoles, RefusesARoleThatItsDelegatorDoesNotName) {
    TrustedSet set = set_with_targets();

    EXPECT_TRUE(refused(set.update_targets("stranger", "targets", role_file("content")),
                        Errc::kNotDelegated));
    EXPECT_TRUE(
        refused(set.update_targets("content", "root", role_file("content")), Errc::kNotDelegated));
    ASSERT_TRUE(accepted(set.update_targets("rollout", "targets", role_file("rollout"))));
    EXPECT_TRUE(refused(set.update_targets("content", "rollout", role_file("content")),
                        Errc::kNotDelegated));
    EXPECT_EQ(set.targets("content"), nullptr);
}

// python-tuf and go-tuf (open): a role verified for one delegator was reused for another, whose
// keys had not signed it.
TEST_F(DelegatedRoles, MustSatisfyEveryDelegatorItIsReachedThrough) {
    repository_.delegate("content", "shared", {"*"});
    repository_.delegate("rollout", "shared", {"*"});
    DelegatedRole& strict = repository_.delegation("rollout", "shared");
    const Key other = test::RepositorySimulator::signer("other").key();
    repository_.roles["rollout"].delegations->keys.emplace(other.id(), other);
    strict.keys.key_ids = {other.id()};
    for (const char* role : {"shared", "content", "rollout"}) repository_.publish(role);
    TrustedSet set = set_with_targets();
    ASSERT_TRUE(accepted(set.update_targets("content", "targets", role_file("content"))));
    ASSERT_TRUE(accepted(set.update_targets("rollout", "targets", role_file("rollout"))));
    ASSERT_TRUE(accepted(set.update_targets("shared", "content", role_file("shared"))));

    EXPECT_TRUE(accepted(set.satisfies("shared", "content")));
    EXPECT_TRUE(refused(set.satisfies("shared", "rollout"), Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(set.satisfies("shared", "targets"), Errc::kNotDelegated));
}

}  // namespace
}  // namespace firebreak::trust
