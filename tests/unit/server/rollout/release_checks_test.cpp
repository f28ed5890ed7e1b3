#include "server/rollout/release_checks.hpp"

#include <gtest/gtest.h>

#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/release_kit.hpp"

namespace firebreak::server {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

/// Counter 1 is published; each test hands in counter 2, spoiled in one way.
class ReleaseChecksTest : public testing::Test {
protected:
    void SetUp() override {
        first_.list();
        published_ = vendor_.content;
        kit_.emplace(vendor_, 2, kNow);
    }

    tl::expected<NewRelease, Problem> check() {
        return check_release(kit_->documents(), {.targets = vendor_.targets,
                                                 .content = published_,
                                                 .validators = validators_,
                                                 .newest_counter = newest_,
                                                 .builds_alive = alive_,
                                                 .now = kNow,
                                                 .lab_plans = lab_plans_});
    }

    /// The release is refused, and `word` says by which check.
    void expect_invalid(const std::string& word) {
        const auto release = check();
        ASSERT_FALSE(release) << "wanted: " << word;
        EXPECT_EQ(release.error().status, 422U);
        EXPECT_EQ(release.error().name, "release-invalid");
        EXPECT_NE(release.error().detail.find(word), std::string::npos) << release.error().detail;
    }

    test::Vendor vendor_{kNow};
    test::ReleaseKit first_{vendor_, 1, kNow};
    std::optional<test::ReleaseKit> kit_;
    trust::Targets published_;
    std::vector<trust::Key> validators_{test::RepositorySimulator::signer("validator").key()};
    bool lab_plans_ = true;
    std::optional<std::int64_t> newest_ = 1;
    std::set<Sha256> alive_{sha256(bytes_of("engine"))};
};

TEST_F(ReleaseChecksTest, TakesAReleaseThatHoldsTogether) {
    kit_->list();

    const auto release = check();

    ASSERT_TRUE(release) << release.error().detail;
    EXPECT_EQ(release->id, (rollout::RolloutId{"yara", 2}));
    EXPECT_EQ(release->target, "content/yara/2.fbb");
    EXPECT_EQ(release->content_version, 3);
    EXPECT_EQ(release->plan, kit_->plan);
}

TEST_F(ReleaseChecksTest, RefusesACounterThatWasPublished) {
    kit_->list();
    for (const std::int64_t newest : {2, 3}) {
        newest_ = newest;
        const auto release = check();
        ASSERT_FALSE(release);
        EXPECT_EQ(release.error().status, 409U);
        EXPECT_EQ(release.error().name, "counter-exists");
    }
}

TEST_F(ReleaseChecksTest, RefusesAPlanThatOnlyItsPublisherCouldApprove) {
    kit_->plan.rings[1].approvals = 1;
    kit_->plan.rings[1].approvers = {"alice"};
    kit_->list();
    expect_invalid("plan: ring early");

    kit_->plan.rings[1].approvers = {"alice", "bob"};
    EXPECT_TRUE(check());
}

TEST_F(ReleaseChecksTest, RefusesAnAttestationOfAStranger) {
    kit_->attester = "mallory";
    kit_->list();
    expect_invalid("validator key");
}

TEST_F(ReleaseChecksTest, RefusesAnAttestationOfAnApprover) {
    kit_->attester = "approver-1";
    kit_->list();
    expect_invalid("validator key");
}

TEST_F(ReleaseChecksTest, RefusesAPlanWithoutFloorsUnlessItIsALab) {
    kit_->list();
    lab_plans_ = false;
    expect_invalid("lab_plans");
}

TEST_F(ReleaseChecksTest, RefusesAPlanUnderItsFloor) {
    kit_->plan.velocity = rollout::Velocity::kUrgent;
    kit_->list();
    expect_invalid("plan.rings[0].bake_floor");
}

TEST_F(ReleaseChecksTest, RefusesAFreezeInAZoneThatIsNone) {
    kit_->plan.freezes = {{"?", "Europe/Atlantis", {true, 0}, {true, 60}}};
    kit_->list();
    expect_invalid("freeze[0].zone");
}

TEST_F(ReleaseChecksTest, RefusesAnEnvelopeOfAnotherKind) {
    kit_->payload_type = "text/plain";
    kit_->list();
    expect_invalid("in-toto");
}

TEST_F(ReleaseChecksTest, RefusesAnAttestationThatIsNone) {
    kit_->list();
    ReleaseDocuments documents = kit_->documents();
    documents.attestation_envelope = to_bytes("{}");

    const auto release = check_release(documents, {.targets = vendor_.targets,
                                                   .content = published_,
                                                   .validators = validators_,
                                                   .newest_counter = newest_,
                                                   .builds_alive = alive_,
                                                   .now = kNow,
                                                   .lab_plans = true});

    ASSERT_FALSE(release);
    EXPECT_EQ(release.error().name, "release-invalid");
}

TEST_F(ReleaseChecksTest, RefusesAnAttestationOfOtherBytes) {
    kit_->attestation.bundle = sha256(bytes_of("other bytes"));
    kit_->list();
    expect_invalid("other bytes");
}

TEST_F(ReleaseChecksTest, RefusesWhatTheValidatorDidNotAdmit) {
    for (const auto verdict : {content::Verdict::kRejected, content::Verdict::kInconclusive}) {
        vendor_.content = published_;
        kit_.emplace(vendor_, 2, kNow);
        kit_->attestation.verdict = verdict;
        kit_->list();
        expect_invalid("did not admit");
    }
}

content::AttestedWaiver waiver_until(std::chrono::sys_seconds expires) {
    return {.finding = "FB701",
            .rule = "needle",
            .file = "",
            .fingerprint = "",
            .reason = "our own installer",
            .who = "ada",
            .expires = expires,
            .findings = 2};
}

TEST_F(ReleaseChecksTest, TakesAnAdmissionInSpiteOfAnErrorWhileTheWaiverLasts) {
    kit_->attestation.waivers = {waiver_until(kNow + std::chrono::seconds{1})};
    kit_->list();
    EXPECT_TRUE(check());
}

TEST_F(ReleaseChecksTest, RefusesAnAdmissionOnceAWaiverInItHasExpired) {
    kit_->attestation.waivers = {waiver_until(kNow + std::chrono::days{9}), waiver_until(kNow)};
    kit_->list();
    expect_invalid("the waiver of FB701 by ada expired");
}

TEST_F(ReleaseChecksTest, RefusesAnAttestationOfAnotherCounterOrStream) {
    kit_->attestation.counter = 3;
    kit_->list();
    expect_invalid("another stream or counter");

    vendor_.content = published_;
    kit_.emplace(vendor_, 2, kNow);
    kit_->attestation.stream = "sigma";
    kit_->list();
    expect_invalid("another stream or counter");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataBelowItsThreshold) {
    kit_->list();
    vendor_.signs["content"] = {"validator"};
    expect_invalid("content metadata");

    vendor_.signs["content"] = {"validator", "mallory"};
    expect_invalid("content metadata");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataOfAnotherVersion) {
    kit_->list();
    for (const int offset : {-1, 1}) {
        vendor_.content.version = published_.version + 1 + offset;
        expect_invalid("version");
    }
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataThatHasExpired) {
    kit_->list();
    vendor_.content.expires = kNow;
    expect_invalid("expired");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataThatDelegates) {
    kit_->list();
    vendor_.content.delegations = vendor_.targets.delegations;
    expect_invalid("content metadata");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataWithoutTheBundle) {
    kit_->list();
    vendor_.content.targets.erase(kit_->target());
    expect_invalid("does not list");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataThatListsOtherBytes) {
    kit_->list();
    vendor_.content.targets.at(kit_->target()).hashes["sha256"] = sha256(bytes_of("x")).hex();
    expect_invalid("is not this bundle");
}

TEST_F(ReleaseChecksTest, RefusesContentMetadataThatListsAnotherLength) {
    kit_->list();
    ++vendor_.content.targets.at(kit_->target()).length;
    expect_invalid("is not this bundle");
}

TEST_F(ReleaseChecksTest, RefusesTermsThatDoNotReadBack) {
    kit_->list();
    vendor_.content.targets.at(kit_->target()).custom = {{"counter", "two"}};
    expect_invalid("content/yara/2.fbb");
}

TEST_F(ReleaseChecksTest, RefusesTermsOfAnotherCounter) {
    kit_->terms.counter = 3;
    kit_->list();
    expect_invalid("another counter");
}

TEST_F(ReleaseChecksTest, RefusesTermsOfAnotherAttestation) {
    kit_->terms_name_attestation = false;
    kit_->terms.attestation = sha256(bytes_of("another"));
    kit_->list();
    expect_invalid("another attestation");
}

TEST_F(ReleaseChecksTest, RefusesAFloorAboveTheCounter) {
    kit_->terms.floor = 3;
    kit_->list();
    expect_invalid("floor");
}

TEST_F(ReleaseChecksTest, RefusesToDropAnEarlierTargetThatIsNotBelowTheFloor) {
    kit_->list();
    vendor_.content.targets.erase(first_.target());
    expect_invalid("drops content/yara/1.fbb");
}

TEST_F(ReleaseChecksTest, LetsATargetBelowTheFloorGo) {
    kit_->terms.floor = 2;
    kit_->list();
    vendor_.content.targets.erase(first_.target());

    const auto release = check();

    EXPECT_TRUE(release) << release.error().detail;
}

TEST_F(ReleaseChecksTest, AFloorLetsNoTargetOfAnotherStreamGo) {
    published_.targets["content/sigma/1.fbb"] = published_.targets.at(first_.target());
    kit_->terms.floor = 2;
    kit_->list();
    expect_invalid("drops content/sigma/1.fbb");
}

TEST_F(ReleaseChecksTest, RefusesToChangeAnEarlierTarget) {
    kit_->list();
    vendor_.content.targets.at(first_.target()).custom["floor"] = 1;
    expect_invalid("changes content/yara/1.fbb");
}

TEST_F(ReleaseChecksTest, RefusesASecondTargetInOneRelease) {
    kit_->list();
    vendor_.content.targets["content/yara/3.fbb"] = vendor_.content.targets.at(kit_->target());
    expect_invalid("adds content/yara/3.fbb");
}

TEST_F(ReleaseChecksTest, RefusesTermsThatNameABuildNobodyAttested) {
    kit_->terms.builds.push_back(sha256(bytes_of("another engine")));
    kit_->list();
    expect_invalid("which the attestation does not");
}

TEST_F(ReleaseChecksTest, RefusesAReleaseThatABuildAliveWasNotValidatedFor) {
    alive_.insert(sha256(bytes_of("older engine")));
    kit_->list();

    const auto release = check();

    ASSERT_FALSE(release);
    EXPECT_EQ(release.error().status, 409U);
    EXPECT_EQ(release.error().name, "build-not-attested");
    EXPECT_NE(release.error().detail.find(sha256(bytes_of("older engine")).hex()),
              std::string::npos);
}

TEST_F(ReleaseChecksTest, RefusesAPlanThatIsNotValid) {
    kit_->list();
    kit_->plan.rings.front().window_start = kit_->plan.rings.front().window_max + 1;
    expect_invalid("plan: ");
}

TEST_F(ReleaseChecksTest, RefusesAPlanWithOtherRingsThanTheCeiling) {
    kit_->list();
    kit_->plan.rings.front().name = "another";
    expect_invalid("ceiling");

    vendor_.content = published_;
    kit_.emplace(vendor_, 2, kNow);
    kit_->terms.ceiling.pop_back();
    kit_->list();
    expect_invalid("ceiling");
}

}  // namespace
}  // namespace firebreak::server
