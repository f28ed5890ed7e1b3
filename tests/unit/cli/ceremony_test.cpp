// The key ceremony and the signing of releases, as the people who hold the keys do them, and as one
// of them would cheat.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "cli/keys.hpp"
#include "cli/repo.hpp"
#include "cli/sign.hpp"
#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/content/attestation.hpp"
#include "core/content/bundle.hpp"
#include "core/signing/dsse.hpp"
#include "core/trust/ring_rule.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::cli {
namespace {

constexpr std::string_view kPlan = R"(
name: test
velocity: lab
default_ring: broad
rings:
  - name: canary
    window: {start: 2, max: 4}
    bake_floor: 0s
    promote: {confirmed_min: 1, exposure_hours_min: 0}
  - name: broad
    window: {start: 2, max: 4}
    bake_floor: 0s
    promote: {confirmed_min: 1, exposure_hours_min: 0}
halt:
  {alpha: 0.0001, silence_q0: 0.005, crash_rate_per_hour: 0.00003, failures_min: 3, tenants_min: 2,
   control_silent_share_max: 0.5}
agent: {confirm_after: 1s, silence_deadline: 10s, heartbeat_every: 1s, poll_every: 1s}
)";

class Ceremony : public ::testing::Test {
protected:
    Ceremony() {
        for (const std::string name : {"root", "targets", "validator", "approver", "online"}) {
            const signing::Ed25519Signer signer = signing::Ed25519Signer::generate(random_);
            put(name + ".pub", pretty_json(signer.key().to_json()));
            SecretBytes passphrase = secret();
            put(name + ".key",
                to_text(*signing::seal_key(signer, passphrase,
                                           {.operations = 1, .memory_bytes = 8192}, random_)));
            signers_.emplace(name, signing::Ed25519Signer::from_seed(signer.seed()));
        }
        put("plan.yaml", kPlan);
    }

    static SecretBytes secret() {
        std::string text = "passphrase";
        return SecretBytes::take({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    }

    void put(const std::string& path, std::string_view text) {
        files_.files[path] = to_bytes(text);
    }

    RepoInitOptions options() const {
        RepoInitOptions result;
        result.out = "ceremony";
        result.root = {{"root.pub"}, 1, 365};
        result.targets = {{"targets.pub"}, 1, 180};
        result.content = {{"validator.pub", "approver.pub"}, 2, 30};
        result.online_key = "online.pub";
        return result;
    }

    /// Writes bundle.fbb and its attestation, with `verdict`.
    void make_evidence(content::Verdict verdict, std::int64_t counter = 1) {
        const content::Manifest manifest{.stream = "yara",
                                         .counter = counter,
                                         .content_type = "yara-source",
                                         .files = {},
                                         .contracts = {},
                                         .capabilities = {},
                                         .actions = {},
                                         .author = "test",
                                         .release_notes = ""};
        const Bytes bundle = *content::pack_bundle(manifest, {{"a.yar", to_bytes("rule a {}")}});
        put("bundle.fbb", text_of(bundle));
        content::Attestation attestation;
        attestation.bundle = sha256(bundle);
        attestation.bundle_name = "bundle.fbb";
        attestation.stream = "yara";
        attestation.counter = counter;
        attestation.verdict = verdict;
        attestation.profile = "gate";
        attestation.sandbox = "seccomp+rlimits";
        attestation.builds = {{"yara", "4.2.3", sha256(bytes_of("engine"))}};
        attestation.stages = {{"load", "passed", 1, 0}};
        attestation.validator_version = "0.1.0";
        put("bundle.att", text_of(*signing::sign_dsse(
                              content::kStatementPayloadType,
                              bytes_of(json::serialize(content::to_statement(attestation))),
                              {&signers_.at("validator")})));
    }

    SignReleaseOptions release() const {
        SignReleaseOptions result;
        result.current = "ceremony/1.content.json";
        result.evidence = {evidence()};
        result.plan = "plan.yaml";
        result.out = "next.json";
        return result;
    }

    static Evidence evidence() { return {"bundle.fbb", "bundle.att", "validator.pub"}; }

    Result<Output> sign(const std::string& file, const std::string& who,
                        std::vector<Evidence> seen = {}) {
        return add_signature(context_, {file, who + ".key", "any", std::move(seen)});
    }

    trust::Targets next() {
        const trust::Envelope envelope = *trust::parse_envelope(files_.files.at("next.json"));
        return *trust::parse_targets(envelope.signed_part);
    }

    test::MemoryFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{7};
    std::map<std::string, signing::Ed25519Signer> signers_;
    Context context_{
        files_, clock_, random_,
        [](const std::string&, std::string_view) -> Result<SecretBytes> { return secret(); }};
};

TEST_F(Ceremony, IsCompleteOnceEveryThresholdIsReached) {
    ASSERT_TRUE(init_repository(context_, options()));
    EXPECT_EQ(check_repository(context_, "ceremony")->exit_code, 1);

    ASSERT_TRUE(sign("ceremony/1.root.json", "root"));
    ASSERT_TRUE(sign("ceremony/1.targets.json", "targets"));
    ASSERT_TRUE(sign("ceremony/1.content.json", "validator"));
    EXPECT_EQ(check_repository(context_, "ceremony")->exit_code, 1);  // content needs two.
    ASSERT_TRUE(sign("ceremony/1.content.json", "validator"));        // The same one again.
    EXPECT_EQ(check_repository(context_, "ceremony")->exit_code, 1);
    ASSERT_TRUE(sign("ceremony/1.content.json", "approver"));
    EXPECT_EQ(check_repository(context_, "ceremony")->exit_code, 0);
}

TEST_F(Ceremony, RefusesOneKeyGivenTwiceForARole) {
    RepoInitOptions twice = options();
    twice.content.public_keys = {"validator.pub", "validator.pub"};

    EXPECT_EQ(init_repository(context_, twice).error(), Errc::kBadInput);
    EXPECT_FALSE(files_.files.contains("ceremony/1.root.json"));
}

TEST_F(Ceremony, RefusesAThresholdThatNobodyCanReachOrThatIsNone) {
    for (const int threshold : {-1, 0, 3}) {
        RepoInitOptions impossible = options();
        impossible.content.threshold = threshold;
        EXPECT_EQ(init_repository(context_, impossible).error(), Errc::kBadInput) << threshold;
    }
}

TEST_F(Ceremony, RefusesTheOnlineKeyInAnOfflineRole) {
    for (CeremonyRole RepoInitOptions::*role :
         {&RepoInitOptions::root, &RepoInitOptions::targets, &RepoInitOptions::content}) {
        RepoInitOptions mixed = options();
        (mixed.*role).public_keys.push_back("online.pub");
        EXPECT_EQ(init_repository(context_, mixed).error(), Errc::kBadInput);
    }
}

TEST_F(Ceremony, NeverOverwritesAnEarlierOne) {
    ASSERT_TRUE(init_repository(context_, options()));
    const Bytes before = files_.files.at("ceremony/1.root.json");

    EXPECT_EQ(init_repository(context_, options()).error(), Errc::kBadInput);
    EXPECT_EQ(files_.files.at("ceremony/1.root.json"), before);
}

TEST_F(Ceremony, DraftsAReleaseFromAnAdmittedBundle) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);

    const auto drafted = draft_release(context_, release());
    ASSERT_TRUE(drafted) << drafted.error().to_string();

    const trust::Targets targets = next();
    EXPECT_EQ(targets.version, 2);
    ASSERT_TRUE(targets.targets.contains("content/yara/1.fbb"));
    const auto terms = trust::parse_content_terms(targets.targets.at("content/yara/1.fbb").custom);
    ASSERT_TRUE(terms);
    EXPECT_EQ(terms->builds, std::vector<Sha256>{sha256(bytes_of("engine"))});
    EXPECT_EQ(terms->ceiling.size(), 2U);
}

TEST_F(Ceremony, DraftsNothingFromABundleThatWasNotAdmitted) {
    ASSERT_TRUE(init_repository(context_, options()));
    for (const auto verdict : {content::Verdict::kRejected, content::Verdict::kInconclusive}) {
        make_evidence(verdict);
        EXPECT_EQ(draft_release(context_, release()).error(), Errc::kBadInput);
    }
    EXPECT_FALSE(files_.files.contains("next.json"));
}

TEST_F(Ceremony, DraftsNothingFromAnAttestationOfAnotherBundle) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted, 2);
    const Bytes other = files_.files.at("bundle.att");
    make_evidence(content::Verdict::kAdmitted, 1);
    files_.files["bundle.att"] = other;

    EXPECT_EQ(draft_release(context_, release()).error(), Errc::kBadInput);
}

TEST_F(Ceremony, DraftsNothingFromAnAttestationByAnotherKey) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);
    SignReleaseOptions forged = release();
    forged.evidence.front().validator_key = "approver.pub";

    EXPECT_EQ(draft_release(context_, forged).error(), Errc::kBadInput);
}

TEST_F(Ceremony, DraftsNoCounterTwice) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);
    ASSERT_TRUE(draft_release(context_, release()));
    SignReleaseOptions again = release();
    again.current = "next.json";

    EXPECT_EQ(draft_release(context_, again).error(), Errc::kBadInput);
}

TEST_F(Ceremony, SignsContentOnlyWithTheEvidenceAtHand) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);
    ASSERT_TRUE(draft_release(context_, release()));
    const Bytes unsigned_draft = files_.files.at("next.json");

    EXPECT_EQ(sign("next.json", "approver").error(), Errc::kBadInput);
    EXPECT_EQ(files_.files.at("next.json"), unsigned_draft);
    EXPECT_TRUE(sign("next.json", "approver", {evidence()}));
}

TEST_F(Ceremony, SignsNoDraftThatSaysOtherThanTheEvidence) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);
    ASSERT_TRUE(draft_release(context_, release()));
    trust::Targets altered = next();
    json::object& custom = altered.targets.at("content/yara/1.fbb").custom;
    auto terms = *trust::parse_content_terms(custom);
    terms.builds.push_back(sha256(bytes_of("a build that was never driven")));
    custom = trust::to_json(terms);
    files_.files["next.json"] = trust::serialize_envelope(trust::to_json(altered), {});

    EXPECT_EQ(sign("next.json", "approver", {evidence()}).error(), Errc::kBadInput);
}

TEST_F(Ceremony, SignsSeveralReleasesAtOnceWithTheEvidenceOfEach) {
    ASSERT_TRUE(init_repository(context_, options()));
    std::vector<Evidence> both;
    for (const std::int64_t counter : {2, 1}) {
        make_evidence(content::Verdict::kAdmitted, counter);
        const std::string name = std::to_string(counter);
        files_.files[name + ".fbb"] = files_.files.at("bundle.fbb");
        files_.files[name + ".att"] = files_.files.at("bundle.att");
        both.push_back({name + ".fbb", name + ".att", "validator.pub"});
    }
    SignReleaseOptions draft = release();
    draft.evidence = both;
    draft.window = 1;
    ASSERT_TRUE(draft_release(context_, draft));
    EXPECT_EQ(next().version, 2);
    EXPECT_EQ(next().targets.size(), 2U) << "none of them is too old to be kept";

    EXPECT_EQ(sign("next.json", "approver", {both[1]}).error(), Errc::kBadInput)
        << "a newer one is listed than he has";
    EXPECT_TRUE(sign("next.json", "approver", both));
    trust::Targets altered = next();
    altered.targets.at("content/yara/1.fbb").length += 1;
    files_.files["next.json"] = trust::serialize_envelope(trust::to_json(altered), {});
    EXPECT_EQ(sign("next.json", "approver", both).error(), Errc::kBadInput)
        << "the older one is not what he has";
}

TEST_F(Ceremony, KeepsOnlyTheNewestReleases) {
    ASSERT_TRUE(init_repository(context_, options()));
    SignReleaseOptions options = release();
    options.window = 2;
    for (std::int64_t counter = 1; counter <= 4; ++counter) {
        make_evidence(content::Verdict::kAdmitted, counter);
        ASSERT_TRUE(draft_release(context_, options));
        options.current = "next.json";
    }

    const trust::Targets targets = next();
    EXPECT_EQ(targets.targets.size(), 2U);
    EXPECT_TRUE(targets.targets.contains("content/yara/4.fbb"));
    EXPECT_TRUE(targets.targets.contains("content/yara/3.fbb"));
}

TEST_F(Ceremony, WritesNothingOnAFullDisk) {
    ASSERT_TRUE(init_repository(context_, options()));
    make_evidence(content::Verdict::kAdmitted);
    files_.fail_change(1);

    EXPECT_FALSE(draft_release(context_, release()));
    EXPECT_FALSE(files_.files.contains("next.json"));
}

TEST_F(Ceremony, NeverOverwritesAKey) {
    const Bytes before = files_.files.at("root.key");

    EXPECT_EQ(generate_key(context_, {"root.key", "any", true}).error(), Errc::kBadInput);
    EXPECT_EQ(files_.files.at("root.key"), before);
}

}  // namespace
}  // namespace firebreak::cli
