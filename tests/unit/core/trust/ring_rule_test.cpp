// The attacker's table of the ring rule: who holds which keys, and what that must not be enough for.

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

// The documents.

json::object valid_pointer() {
    RingPointer pointer;
    pointer.stream = "yara";
    pointer.content_path = "content/yara/41.fbb";
    pointer.counter = 41;
    pointer.rings["canary"] = {1, "rolling"};
    pointer.recall = Recall{41, 40};
    return to_json(pointer).as_object();
}

Result<RingPointer> parse(const json::object& object) {
    return parse_ring_pointer(to_bytes(json::serialize(object)));
}

TEST(RingPointerDocument, ReadsWhatItWrites) {
    const auto pointer = parse(valid_pointer());

    ASSERT_TRUE(accepted(pointer));
    EXPECT_EQ(to_json(*pointer), valid_pointer());
    EXPECT_EQ(pointer->recall->to_counter, 40);
}

TEST(RingPointerDocument, IgnoresMembersItDoesNotKnow) {
    json::object object = valid_pointer();
    object["from_the_future"] = json::array{1.5, nullptr};
    EXPECT_TRUE(accepted(parse(object)));
    object.erase("recall");
    EXPECT_FALSE(parse(object)->recall);
}

TEST(RingPointerDocument, RefusesMissingMembersAndWrongTypes) {
    for (const auto& [name, value] : valid_pointer()) {
        json::object object = valid_pointer();
        for (const json::value& wrong : {json::value(nullptr), json::value(1.5), json::value("x"),
                                         json::value(json::array()), json::value(true)}) {
            if (value.is_string() && wrong.is_string() && name != "sha256") continue;
            object[name] = wrong;
            EXPECT_TRUE(refused(parse(object), Errc::kMalformed)) << name << " " << wrong;
        }
        if (name == "recall") continue;
        object.erase(name);
        EXPECT_TRUE(refused(parse(object), Errc::kMalformed)) << name;
    }
}

struct Hostile {
    const char* member;
    const char* value;
};

class RingPointerHostile : public ::testing::TestWithParam<Hostile> {};

TEST_P(RingPointerHostile, IsRefused) {
    json::object object = valid_pointer();
    object[GetParam().member] = *parse_json(GetParam().value);
    EXPECT_TRUE(refused(parse(object), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RingPointerHostile,
    ::testing::Values(Hostile{"counter", "0"}, Hostile{"counter", "-1"},
                      Hostile{"counter", "9223372036854775808"}, Hostile{"sha256", "\"00\""},
                      Hostile{"rings", R"({"a":null})"}, Hostile{"rings", R"({"a":{}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":-1,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1000000001,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":0.5,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1,"state":"go"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1,"state":""}})"},
                      Hostile{"recall", R"({"counter":41})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":41})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":42})"},
                      Hostile{"recall", R"({"counter":0,"to_counter":0})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":-1})"},
                      Hostile{"poll_seconds", "0"}, Hostile{"poll_seconds", "-60"},
                      Hostile{"poll_seconds", "9223372036854775807"},
                      Hostile{"confirm_seconds", "0"}, Hostile{"heartbeat_seconds", "2592001"}));

TEST(RingPointerDocument, RefusesWhatIsNotOneStrictJsonObject) {
    for (const char* text : {"", "null", "[]", "{}", "{\"stream\":\"a\",\"stream\":\"b\"}"}) {
        EXPECT_TRUE(refused(parse_ring_pointer(bytes_of(text)), Errc::kMalformed)) << text;
    }
    EXPECT_TRUE(refused(parse_ring_pointer(Bytes(70'000, ' ')), Errc::kMalformed));
}

class AcceptRingPointer : public ::testing::Test {
protected:
    const Bytes bytes_ = to_bytes(json::serialize(valid_pointer()));
    FoundTarget found_{
        "rollout", "rings/yara.json", {bytes_.size(), {{"sha256", sha256(bytes_).hex()}}, {}}};
};

TEST_F(AcceptRingPointer, TakesTheRolloutRolesWord) {
    EXPECT_TRUE(accepted(accept_ring_pointer(found_, bytes_)));
}

TEST_F(AcceptRingPointer, RefusesAnybodyElses) {
    for (const char* role : {"targets", "content", ""}) {
        found_.role = role;
        EXPECT_TRUE(refused(accept_ring_pointer(found_, bytes_), Errc::kPointerMismatch)) << role;
    }
}

TEST_F(AcceptRingPointer, RefusesOtherBytesThanTheRoleVouchesFor) {
    Bytes other = bytes_;
    other[5] ^= 1U;
    EXPECT_TRUE(refused(accept_ring_pointer(found_, other), Errc::kHashMismatch));
}

TEST_F(AcceptRingPointer, RefusesAnotherStreamsPointerUnderThisName) {
    found_.path = "rings/sigma.json";
    EXPECT_TRUE(refused(accept_ring_pointer(found_, bytes_), Errc::kPointerMismatch));
}

TEST(ContentTermsDocument, ReadsWhatItWritesAndIgnoresTheUnknown) {
    ContentTerms terms;
    terms.counter = 7;
    terms.builds = {kEngine};
    terms.ceiling = {{"canary", kNow, 5}};
    json::object object = to_json(terms);
    object["from_the_future"] = 1;

    const auto read = parse_content_terms(object);

    ASSERT_TRUE(accepted(read));
    EXPECT_EQ(to_json(*read), to_json(terms));
}

TEST(ContentTermsDocument, RefusesHostileMembers) {
    const std::vector<std::pair<const char*, const char*>> table{
        {"counter", "0"},
        {"counter", "null"},
        {"builds", "null"},
        {"builds", "[1]"},
        {"builds", R"(["00"])"},
        {"attestation", R"("zz")"},
        {"floor", "-1"},
        {"floor", "1.5"},
        {"ceiling", "{}"},
        {"ceiling", "[null]"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01","max_ppb":1}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z","max_ppb":-1}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z","max_ppb":1000000001}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z"}])"},
        {"ceiling", R"([{"not_before":"2027-01-01T00:00:00Z","max_ppb":1}])"}};
    ContentTerms terms;
    terms.counter = 7;
    for (const auto& [member, text] : table) {
        json::object object = to_json(terms);
        object[member] = *parse_json(text);
        EXPECT_TRUE(refused(parse_content_terms(object), Errc::kMalformed)) << member << text;
    }
    for (const char* member : {"counter", "builds", "attestation", "ceiling", "floor"}) {
        json::object object = to_json(terms);
        object.erase(member);
        EXPECT_TRUE(refused(parse_content_terms(object), Errc::kMalformed)) << member;
    }
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
