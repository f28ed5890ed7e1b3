// The attacker's table of the ring rule: who holds which keys, and what that must not be enough
// for.

#include "core/trust/ring_rule.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::accepted;
using test::refused;

constexpr std::chrono::sys_seconds kNow{seconds{1'800'000'000}};

const Bytes kBundle = to_bytes("bundle 41");
const Sha256 kEngine = sha256(bytes_of("engine"));

class RingRule : public ::testing::Test {
protected:
    RingRule() {
        terms_.counter = 41;
        terms_.builds = {sha256(bytes_of("older engine")), kEngine};
        terms_.attestation = sha256(bytes_of("attestation"));
        terms_.ceiling = {{"canary", kNow - hours{2}, kPpbAll},
                          {"broad", kNow - hours{1}, 100'000'000},
                          {"broad", kNow + hours{1}, kPpbAll}};
        terms_.floor = 30;
        pointer_.stream = "yara";
        pointer_.content_path = "content/yara/41.fbb";
        pointer_.sha256 = sha256(kBundle);
        pointer_.counter = 41;
        pointer_.rings["canary"] = {kPpbAll, "complete"};
        pointer_.rings["broad"] = {50'000'000, "rolling"};
        device_.device_id = "device-1";
        device_.ring = "broad";
        device_.engine_build = kEngine;
        device_.running_counter = 40;
    }

    /// What the content role says of the bundle.
    FoundTarget content() const {
        FoundTarget found{"content", "content/yara/41.fbb", {}};
        found.file.length = kBundle.size();
        found.file.hashes = {{"sha256", sha256(kBundle).hex()}};
        found.file.custom = to_json(terms_);
        return found;
    }

    Result<ContentTerms> decide(std::int64_t bucket = 0) const {
        return may_install(pointer_, content(), device_, bucket, kNow);
    }

    ContentTerms terms_;
    RingPointer pointer_;
    DeviceState device_;
};

TEST_F(RingRule, InstallsWhenAllHolds) {
    const auto terms = decide();

    ASSERT_TRUE(accepted(terms));
    EXPECT_EQ(terms->counter, 41);
    EXPECT_EQ(terms->attestation, terms_.attestation);
}

TEST_F(RingRule, InstallsOnADeviceThatRunsNothingOrTheSame) {
    device_.running_counter = 0;
    EXPECT_TRUE(accepted(decide()));
    device_.running_counter = 41;
    EXPECT_TRUE(accepted(decide()));
}

// Online key stolen: the thief writes pointers.

TEST_F(RingRule, OnlineKeyCannotShipOtherBytes) {
    pointer_.sha256 = sha256(bytes_of("evil"));
    EXPECT_TRUE(refused(decide(), Errc::kPointerMismatch));
}

TEST_F(RingRule, OnlineKeyCannotRenumberContent) {
    pointer_.counter = 42;
    EXPECT_TRUE(refused(decide(), Errc::kPointerMismatch));
    pointer_.content_path = "content/yara/42.fbb";
    EXPECT_TRUE(refused(decide(), Errc::kPointerMismatch));
}

TEST_F(RingRule, OnlineKeyCannotHandOneStreamsContentToAnother) {
    pointer_.stream = "sigma";
    EXPECT_TRUE(refused(decide(), Errc::kPointerMismatch));
}

TEST_F(RingRule, OnlineKeyCannotVouchForContentItself) {
    FoundTarget own = content();
    own.role = "rollout";
    EXPECT_TRUE(refused(may_install(pointer_, own, device_, 0, kNow), Errc::kPointerMismatch));
    own.role = "targets";
    EXPECT_TRUE(refused(may_install(pointer_, own, device_, 0, kNow), Errc::kPointerMismatch));
}

TEST_F(RingRule, OnlineKeyCannotExceedTheCeiling) {
    pointer_.rings["broad"] = {kPpbAll, "complete"};

    EXPECT_TRUE(accepted(decide(99'999'999)));
    EXPECT_TRUE(refused(decide(100'000'000), Errc::kNotInCohort));
    EXPECT_TRUE(refused(decide(kPpbAll - 1), Errc::kNotInCohort));
}

TEST_F(RingRule, OnlineKeyCannotOpenARingBeforeItsTime) {
    terms_.ceiling = {{"broad", kNow + seconds{1}, kPpbAll}};
    EXPECT_TRUE(refused(decide(), Errc::kNotInCohort));
    terms_.ceiling = {{"broad", kNow, kPpbAll}};
    EXPECT_TRUE(accepted(decide()));
}

TEST_F(RingRule, OnlineKeyCannotOpenARingTheCeilingDoesNotName) {
    terms_.ceiling = {{"canary", kNow - hours{2}, kPpbAll}};
    EXPECT_TRUE(refused(decide(), Errc::kNotInCohort));
    terms_.ceiling.clear();
    EXPECT_TRUE(refused(decide(), Errc::kNotInCohort));
}

TEST_F(RingRule, OnlineKeyCannotGoBack) {
    device_.running_counter = 42;
    EXPECT_TRUE(refused(decide(), Errc::kCounterRollback));
}

TEST_F(RingRule, OnlineKeyCannotGoBelowTheFloorNotEvenByRecall) {
    terms_.floor = 42;
    EXPECT_TRUE(refused(decide(), Errc::kBelowFloor));
    device_.running_counter = 43;
    pointer_.recall = Recall{43, 41};
    EXPECT_TRUE(refused(decide(), Errc::kBelowFloor));
    terms_.floor = 41;
    EXPECT_TRUE(accepted(decide()));
}

// Offline keys below their threshold are TUF's matter. What validation did not cover:

TEST_F(RingRule, BuildThatWasNotValidatedIsRefused) {
    device_.engine_build = sha256(bytes_of("newer engine"));
    EXPECT_TRUE(refused(decide(), Errc::kBuildNotListed));
    terms_.builds.clear();
    EXPECT_TRUE(refused(decide(), Errc::kBuildNotListed));
}

TEST_F(RingRule, ContentWithoutItsTermsIsRefused) {
    FoundTarget bare = content();
    bare.file.custom.clear();
    EXPECT_TRUE(refused(may_install(pointer_, bare, device_, 0, kNow), Errc::kMalformed));
}

TEST_F(RingRule, ContentWithoutASha256IsRefused) {
    FoundTarget other = content();
    other.file.hashes = {{"sha512", std::string(128, 'a')}};
    EXPECT_TRUE(refused(may_install(pointer_, other, device_, 0, kNow), Errc::kPointerMismatch));
}

TEST_F(RingRule, ContentFoundUnderAnotherPathIsRefused) {
    FoundTarget other = content();
    other.path = "content/yara/40.fbb";
    EXPECT_TRUE(refused(may_install(pointer_, other, device_, 0, kNow), Errc::kPointerMismatch));
}

// The brake.

TEST_F(RingRule, BrakeHoldsEveryDeviceFromTheThresholdOn) {
    EXPECT_TRUE(accepted(decide(49'999'999)));
    EXPECT_TRUE(refused(decide(50'000'000), Errc::kNotInCohort));
    pointer_.rings["broad"].threshold_ppb = 0;
    EXPECT_TRUE(refused(decide(0), Errc::kNotInCohort));
}

TEST_F(RingRule, BrakeStopsAnyStateButRollingAndComplete) {
    for (const char* state : {"closed", "held", "halted", "", "Rolling"}) {
        pointer_.rings["broad"].state = state;
        EXPECT_TRUE(refused(decide(), Errc::kNotRolling)) << state;
    }
    pointer_.rings["broad"].state = "complete";
    EXPECT_TRUE(accepted(decide()));
}

TEST_F(RingRule, RingThatThePointerDoesNotNameIsClosed) {
    device_.ring = "lab";
    EXPECT_TRUE(refused(decide(), Errc::kNotRolling));
}

TEST_F(RingRule, BucketOutOfRangeIsInNoCohort) {
    terms_.ceiling = {{"broad", kNow, kPpbAll}};
    pointer_.rings["broad"].threshold_ppb = kPpbAll;
    EXPECT_TRUE(refused(decide(-1), Errc::kNotInCohort));
    EXPECT_TRUE(refused(decide(kPpbAll), Errc::kNotInCohort));
    EXPECT_TRUE(accepted(decide(kPpbAll - 1)));
}

TEST_F(RingRule, RecallNamesWhatRunsAndWhereToGo) {
    device_.running_counter = 42;
    pointer_.recall = Recall{42, 41};
    EXPECT_TRUE(accepted(decide()));

    pointer_.recall = Recall{43, 41};
    EXPECT_TRUE(refused(decide(), Errc::kCounterRollback));
    pointer_.recall = Recall{42, 40};
    EXPECT_TRUE(refused(decide(), Errc::kCounterRollback));
    pointer_.recall = Recall{42, 0};  // To the device's own last good: nothing to install.
    EXPECT_TRUE(refused(decide(), Errc::kCounterRollback));
}

TEST_F(RingRule, WhatIsRecalledIsNotInstalledAnywhere) {
    pointer_.recall = Recall{41, 0};
    EXPECT_TRUE(refused(decide(), Errc::kNotRolling));
    pointer_.recall.reset();
    pointer_.recalled = {40, 41};
    EXPECT_TRUE(refused(decide(), Errc::kNotRolling));
    pointer_.recalled = {40};
    EXPECT_TRUE(accepted(decide()));
}

// The ceiling.

TEST(Ceiling, IsTheStepThatBeganLast) {
    ContentTerms terms;
    terms.ceiling = {{"a", kNow + hours{2}, 300},
                     {"a", kNow, 100},
                     {"b", kNow, 900},
                     {"a", kNow + hours{1}, 200}};

    EXPECT_EQ(ceiling_at(terms, "a", kNow - seconds{1}), 0);
    EXPECT_EQ(ceiling_at(terms, "a", kNow), 100);
    EXPECT_EQ(ceiling_at(terms, "a", kNow + hours{1} - seconds{1}), 100);
    EXPECT_EQ(ceiling_at(terms, "a", kNow + hours{1}), 200);
    EXPECT_EQ(ceiling_at(terms, "a", kNow + hours{9}), 300);
    EXPECT_EQ(ceiling_at(terms, "c", kNow + hours{9}), 0);
}

TEST(Ceiling, TakesTheLowerOfTwoThatBeginTogetherAndMayFall) {
    ContentTerms terms;
    terms.ceiling = {
        {"a", kNow, 100}, {"a", kNow, 50}, {"a", kNow, 70}, {"a", kNow + hours{1}, 10}};

    EXPECT_EQ(ceiling_at(terms, "a", kNow), 50);
    EXPECT_EQ(ceiling_at(terms, "a", kNow + hours{1}), 10);
}

// The whole way, through a signed repository.

TEST(RingRuleEndToEnd, FindsPointerAndContentAndDecides) {
    test::RepositorySimulator repository(kNow);
    ContentTerms terms;
    terms.counter = 41;
    terms.builds = {kEngine};
    terms.ceiling = {{"canary", kNow, kPpbAll}};
    repository.put_bundle("yara", kBundle, terms);
    RingPointer pointer;
    pointer.stream = "yara";
    pointer.content_path = content_path("yara", 41);
    pointer.sha256 = sha256(kBundle);
    pointer.counter = 41;
    pointer.rings["canary"] = {kPpbAll, "rolling"};
    repository.put_pointer(pointer);
    repository.publish("content");
    repository.publish("rollout");
    LocalMetadata local = repository.first_install();

    const auto updater =
        repository.refresh(local, kNow, {ring_pointer_path("yara"), "content/yara/41.fbb"});

    ASSERT_TRUE(accepted(updater));
    const auto where = updater->found("rings/yara.json");
    ASSERT_TRUE(accepted(where));
    const Bytes& served = repository.targets.at(consistent_target_path(where->path, where->file));
    const auto read = accept_ring_pointer(*where, served);
    ASSERT_TRUE(accepted(read));
    const auto content = updater->found(read->content_path);
    ASSERT_TRUE(accepted(content));
    const DeviceState device{"device-1", "canary", kEngine, 40};
    EXPECT_TRUE(accepted(may_install(*read, *content, device, 5, kNow)));
}

}  // namespace
}  // namespace firebreak::trust
