// The search through the delegations (5.6.7): order, terminating roles, cycles, caps, scope.

#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/updater.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;
using Names = std::vector<std::string>;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

class Search : public ::testing::Test {
protected:
    Search() { repository_.roles["targets"].delegations.reset(); }

    /// A tree of roles that all may speak for everything: {parent, child}, in order.
    void grow(const std::vector<std::pair<std::string, std::string>>& edges) {
        for (const auto& [parent, child] : edges) repository_.delegate(parent, child, {"*"});
    }

    void list(const std::string& role) { repository_.put_target(role, "file", to_bytes(role)); }

    Result<Updater> search(UpdaterLimits limits = {}) {
        for (auto& [name, role] : repository_.roles) {
            ++role.version;
            repository_.sign_role(name);
        }
        repository_.publish_snapshot();
        Result<Updater> updater = Updater::start(local_, kNow, limits);
        updater->look_for("file");
        repository_.requests.clear();
        if (auto done = repository_.run(*updater, local_); !done) return fail(done.error());
        return updater;
    }

    /// Names of the delegated roles fetched, in order.
    Names visited() const {
        Names names;
        for (const std::string& request : repository_.requests) {
            const std::string role = request.substr(request.find('.') + 1);
            if (role != "json" && role != "root.json" && role != "snapshot.json" &&
                role != "targets.json") {
                names.push_back(role.substr(0, role.rfind('.')));
            }
        }
        return names;
    }

    test::RepositorySimulator repository_{kNow};
    LocalMetadata local_ = repository_.first_install();
};

TEST_F(Search, VisitsInPreOrder) {
    grow({{"targets", "a"}, {"targets", "d"}, {"a", "b"}, {"a", "c"}, {"d", "e"}});

    const auto updater = search();

    ASSERT_TRUE(accepted(updater));
    EXPECT_EQ(visited(), (Names{"a", "b", "c", "d", "e"}));
    EXPECT_TRUE(refused(updater->found("file"), Errc::kTargetNotFound));
}

TEST_F(Search, StopsAtTheFirstThatListsThePath) {
    grow({{"targets", "a"}, {"targets", "d"}, {"a", "b"}, {"a", "c"}});
    for (const char* role : {"b", "c", "d"}) list(role);

    const auto updater = search();

    ASSERT_TRUE(accepted(updater));
    ASSERT_TRUE(accepted(updater->found("file")));
    EXPECT_EQ(updater->found("file")->role, "b");
    EXPECT_EQ(updater->found("file")->file.length, 1U);
    EXPECT_EQ(visited(), (Names{"a", "b"}));
}

TEST_F(Search, PrefersTheRoleAboveToThoseBelow) {
    grow({{"targets", "a"}});
    list("targets");
    list("a");

    const auto updater = search();

    EXPECT_EQ(updater->found("file")->role, "targets");
    EXPECT_EQ(visited(), Names{});
}

TEST_F(Search, EndsBelowATerminatingRole) {
    grow({{"targets", "a"}, {"targets", "z"}, {"a", "b"}, {"a", "c"}, {"b", "d"}});
    repository_.delegation("a", "b").terminating = true;
    list("c");
    list("z");

    const auto updater = search();

    EXPECT_TRUE(refused(updater->found("file"), Errc::kTargetNotFound));
    EXPECT_EQ(visited(), (Names{"a", "b", "d"}));
}

TEST_F(Search, IsNotEndedByATerminatingRoleForOtherPaths) {
    grow({{"targets", "a"}, {"targets", "b"}});
    repository_.delegation("targets", "a").terminating = true;
    repository_.delegation("targets", "a").paths = {"other/*"};
    list("b");

    const auto updater = search();

    EXPECT_EQ(updater->found("file")->role, "b");
    EXPECT_EQ(visited(), (Names{"b"}));
}

TEST_F(Search, PathsMustMatchAtEveryStep) {
    grow({{"targets", "a"}, {"a", "b"}});
    repository_.delegation("targets", "a").paths = {"other/*"};
    list("b");

    EXPECT_TRUE(refused(search()->found("file"), Errc::kTargetNotFound));
    EXPECT_EQ(visited(), Names{});
}

TEST_F(Search, GoesByHashPrefixToo) {
    grow({{"targets", "a"}, {"targets", "b"}});
    // SHA-256 of "file" is 3b9c358f….
    repository_.delegation("targets", "a").paths.clear();
    repository_.delegation("targets", "a").path_hash_prefixes = {"3b9c3580"};
    repository_.delegation("targets", "b").paths.clear();
    repository_.delegation("targets", "b").path_hash_prefixes = {"00", "3b9c358f"};
    list("a");
    list("b");

    EXPECT_EQ(search()->found("file")->role, "b");
}

// tough: a cycle made it search for ever.
TEST_F(Search, EndsInCycles) {
    grow({{"targets", "a"}, {"a", "b"}});
    repository_.delegate("b", "a", {"*"});
    repository_.delegate("b", "b", {"*"});

    EXPECT_TRUE(refused(search()->found("file"), Errc::kTargetNotFound));
    EXPECT_EQ(visited(), (Names{"a", "b"}));
}

TEST_F(Search, VisitsTheMiddleOfADiamondOnce) {
    grow({{"targets", "a"}, {"targets", "b"}, {"a", "shared"}, {"b", "shared"}});

    EXPECT_TRUE(refused(search()->found("file"), Errc::kTargetNotFound));
    EXPECT_EQ(visited(), (Names{"a", "shared", "b"}));
}

TEST_F(Search, MakesASecondPathSatisfyItsOwnDelegator) {
    // "shared" is reached through a for one path, and through b, with other keys, for the next.
    grow({{"targets", "a"}, {"targets", "b"}, {"a", "shared"}, {"b", "shared"}});
    repository_.delegation("targets", "a").paths = {"file"};
    repository_.delegation("targets", "b").paths = {"other"};
    const Key other = test::RepositorySimulator::signer("another").key();
    repository_.roles["b"].delegations->keys.emplace(other.id(), other);
    repository_.delegation("b", "shared").keys.key_ids = {other.id()};
    list("shared");
    repository_.put_target("shared", "other", to_bytes("other"));
    Result<Updater> updater = search();
    ASSERT_TRUE(accepted(updater));
    ASSERT_TRUE(accepted(updater->found("file")));

    updater->look_for("other");

    EXPECT_TRUE(refused(repository_.run(*updater, local_), Errc::kThresholdNotMet));
}

TEST_F(Search, FailsWhenARoleOnTheWayCannotBeVerified) {
    grow({{"targets", "a"}, {"targets", "b"}});
    repository_.signs["a"] = {"mallory"};
    list("b");

    EXPECT_TRUE(refused(search(), Errc::kThresholdNotMet));
    EXPECT_FALSE(local_.contains("a"));
    EXPECT_FALSE(local_.contains("b"));
}

TEST_F(Search, CapsTheRolesItVisits) {
    std::string parent = "targets";
    for (int i = 0; i < 6; ++i) {
        const std::string child = "r" + std::to_string(i);
        repository_.delegate(parent, child, {"*"});
        parent = child;
    }
    list("r5");

    EXPECT_TRUE(refused(search({.delegations_max = 5})->found("file"), Errc::kTooMany));
    EXPECT_EQ(visited().size(), 5U);
    EXPECT_EQ(search({.delegations_max = 6})->found("file")->role, "r5");
}

TEST_F(Search, EncodesRoleNamesInRequests) {
    const Names names{"?", "#", "/delegatedrole", "../delegatedrole", "a b%"};
    for (const std::string& name : names) repository_.delegate("targets", name, {"*"});

    ASSERT_TRUE(accepted(search()));
    EXPECT_EQ(visited(),
              (Names{"%3F", "%23", "%2Fdelegatedrole", "..%2Fdelegatedrole", "a%20b%25"}));
    for (const std::string& name : names) EXPECT_TRUE(local_.contains(name)) << name;
}

TEST_F(Search, FindsSeveralPathsInOneCycle) {
    grow({{"targets", "a"}});
    list("a");
    repository_.put_target("a", "second", to_bytes("x"));
    Result<Updater> updater = search();
    ASSERT_TRUE(accepted(updater));
    repository_.requests.clear();

    updater->look_for("second");
    updater->look_for("third");
    updater->look_for("");

    ASSERT_TRUE(accepted(repository_.run(*updater, local_)));
    EXPECT_EQ(updater->found("second")->path, "second");
    EXPECT_TRUE(refused(updater->found("third"), Errc::kTargetNotFound));
    EXPECT_TRUE(refused(updater->found(""), Errc::kTargetNotFound));
    EXPECT_TRUE(accepted(updater->found("file")));  // Still known.
    EXPECT_EQ(repository_.requests, Names{});
}

TEST_F(Search, HandsOverWhatTheRoleVouchesFor) {
    grow({{"targets", "a"}});
    repository_.put_target("a", "file", to_bytes("abc"), {{"counter", 41}});

    const auto found = search()->found("file");

    ASSERT_TRUE(accepted(found));
    EXPECT_EQ(found->path, "file");
    EXPECT_EQ(found->file.length, 3U);
    EXPECT_EQ(found->file.custom.at("counter").as_int64(), 41);
    EXPECT_TRUE(accepted(verify_target(found->file, to_bytes("abc"))));
    EXPECT_EQ(repository_.targets.at(consistent_target_path("file", found->file)), to_bytes("abc"));
}

}  // namespace
}  // namespace firebreak::trust
