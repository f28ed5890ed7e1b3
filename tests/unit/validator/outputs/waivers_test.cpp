#include "validator/report/waivers.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/base/utc.hpp"
#include "core/signing/dsse.hpp"
#include "core/signing/key_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/validator/bench_run.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

Waiver sample() {
    return {.finding = "FB701",
            .stream = "yara",
            .rule = "needle",
            .reason = "our own installer",
            .who = "ada",
            .expires = kNow + hours{24}};
}

signing::Ed25519Signer signer_of(std::uint64_t seed) {
    SeededRandom random(seed);
    return signing::Ed25519Signer::generate(random);
}

TEST(Waivers, ReadBackWhatWasSigned) {
    const auto signer = signer_of(1);
    const Result<Bytes> envelope = sign_waivers({sample()}, signer);
    ASSERT_TRUE(envelope);

    const auto read = open_waivers(*envelope, signer.key());

    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ(read->front().rule, "needle");
    EXPECT_EQ(read->front().who, "ada");
    EXPECT_EQ(read->front().expires, sample().expires);
    EXPECT_TRUE(check_waivers(*read, kNow));
}

TEST(Waivers, AreNoneWithoutTheRightSignature) {
    const auto signer = signer_of(1);
    const Bytes envelope = *sign_waivers({sample()}, signer);

    EXPECT_FALSE(open_waivers(envelope, signer_of(2).key()));
    EXPECT_FALSE(open_waivers(to_bytes("{}"), signer.key()));
    EXPECT_FALSE(open_waivers({}, signer.key()));
    for (std::size_t offset = 0; offset < envelope.size(); offset += 7) {
        Bytes flipped = envelope;
        flipped[offset] ^= 0x01U;
        const auto read = open_waivers(flipped, signer.key());
        // A flip in the key id alone changes nothing: it is a hint and never trusted.
        if (read) {
            EXPECT_EQ(read->front().rule, "needle");
        }
    }
}

TEST(Waivers, AreNoneInAnotherKindOfEnvelope) {
    const auto signer = signer_of(1);
    const std::string text = R"({"format":"firebreak-waivers/1","waivers":[]})";
    const auto wrapped = [&](std::string_view type, std::string_view payload) {
        return *signing::sign_dsse(type, bytes_of(payload), {&signer});
    };

    EXPECT_TRUE(open_waivers(wrapped(kWaiversPayloadType, text), signer.key()));
    EXPECT_FALSE(open_waivers(wrapped("application/vnd.in-toto+json", text), signer.key()));
    for (const char* broken : {"[]", "{}", R"({"format":"firebreak-waivers/2","waivers":[]})",
                               R"({"format":"firebreak-waivers/1","waivers":[{}]})",
                               R"({"format":"firebreak-waivers/1","waivers":[],"more":1})",
                               R"({"format":"firebreak-waivers/1","waivers":[],"waivers":[]})"}) {
        EXPECT_FALSE(open_waivers(wrapped(kWaiversPayloadType, broken), signer.key())) << broken;
    }
}

TEST(Waivers, MustEachBeInOrder) {
    const auto refused = [](auto change) {
        Waiver waiver = sample();
        change(waiver);
        return !check_waivers({sample(), waiver}, kNow);
    };
    EXPECT_TRUE(check_waivers({sample()}, kNow));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.expires = kNow; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.expires = kNow + hours{24 * 181}; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.finding = "FB999"; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.finding = "FB509"; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.finding = "FB304"; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.rule.clear(); }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.stream.clear(); }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.reason = "  "; }));
    EXPECT_TRUE(refused([](Waiver& waiver) { waiver.who.clear(); }));
    EXPECT_FALSE(check_waivers(std::vector<Waiver>(kWaiversMax + 1, sample()), kNow));
}

/// What takes endpoints down is nobody's to waive.
TEST(Waivers, CannotBeForWhatTakesEndpointsDown) {
    for (const FindingRule& rule : finding_rules()) {
        const bool never = rule.id.starts_with("FB1") || rule.id.starts_with("FB2") ||
                           rule.id.starts_with("FB3") || rule.id.starts_with("FB5") ||
                           rule.id.starts_with("FB6");
        if (never || rule.level == Level::kWarning) {
            EXPECT_FALSE(waivable(rule.id)) << rule.id;
        }
    }
    EXPECT_TRUE(waivable("FB701"));
    EXPECT_FALSE(waivable("FB702"));
}

TEST(Waivers, AreListedInTheirDocument) {
    const Result<Bytes> file =
        PosixFileStore().read(FIREBREAK_SOURCE_DIR "/docs/formats/waivers.md", 1U << 20U);
    ASSERT_TRUE(file);
    for (const FindingRule& rule : finding_rules()) {
        const std::string row = "| " + std::string(rule.id) + " |";
        EXPECT_EQ(text_of(*file).find(row) != std::string_view::npos, waivable(rule.id)) << rule.id;
    }
}

TEST(Waivers, TakeInWhatMeetsAllTheirConditions) {
    const Finding finding{.id = "FB701", .place = {"a.yar", 3, "needle"}, .input = "/usr/bin/ls"};
    const auto covered = [&](auto change) {
        Waiver waiver = sample();
        change(waiver);
        return covers(waiver, finding, "yara");
    };
    EXPECT_TRUE(covers(sample(), finding, "yara"));
    EXPECT_FALSE(covers(sample(), finding, "sigma"));
    EXPECT_TRUE(covered([&](Waiver& waiver) { waiver.fingerprint = fingerprint(finding); }));
    EXPECT_TRUE(covered([](Waiver& waiver) { waiver.file = "a.yar"; }));
    EXPECT_FALSE(covered([](Waiver& waiver) { waiver.file = "b.yar"; }));
    EXPECT_FALSE(covered([](Waiver& waiver) { waiver.rule = "other"; }));
    EXPECT_FALSE(covered([](Waiver& waiver) { waiver.finding = "FB703"; }));
    EXPECT_FALSE(covered([](Waiver& waiver) { waiver.fingerprint = "0"; }));
}

// ---- in a run -----------------------------------------------------------------------------------

StageResult two_matches(Run& run, StageDeadline) {
    run.add({.id = "FB701", .place = {"a.yar", 3, "needle"}, .message = "matches"});
    run.add({.id = "FB702", .place = {"a.yar", 3, "needle"}, .message = "crashes"});
    return {.executions = 5};
}

StageResult one_match(Run& run, StageDeadline) {
    run.add({.id = "FB701", .place = {"a.yar", 3, "needle"}, .message = "matches"});
    return {.executions = 5};
}

struct WaivedRun {
    explicit WaivedRun(StageResult (*body)(Run&, StageDeadline), std::string stream = "yara")
        : bench({.bundle_name = "b", .bundle = {}, .waivers = {sample()}}) {
        bench.run.bundle.emplace();
        bench.run.bundle->manifest.stream = std::move(stream);
        bench.run.bundle->manifest.counter = 1;
        constexpr StageBudget kBudget{std::chrono::seconds{10}, 1};
        const std::array stages{Stage{
            "replay", body, {}, std::array<StageBudget, kProfiles>{kBudget, kBudget, kBudget}}};
        judge(bench.run, stages);
    }

    test::BenchRun bench;
};

TEST(WaivedFinding, RejectsNothingAndIsInEveryReport) {
    WaivedRun waived(&one_match);
    auto& run = waived.bench.run;

    EXPECT_EQ(run.verdict(), content::Verdict::kAdmitted);
    EXPECT_EQ(run.stages.front().outcome, StageOutcome::kPassed);
    EXPECT_EQ(run.findings.size(), 1U);
    for (const std::string& report :
         {text_report(run, Terminal(false)), pretty_json(json_report(run)),
          pretty_json(sarif_report(run)), junit_report(run), html_report(run)}) {
        EXPECT_NE(report.find("ada"), std::string::npos) << report;
    }
    const content::Attestation attestation = attestation_of(run);
    ASSERT_EQ(attestation.waivers.size(), 1U);
    EXPECT_EQ(attestation.waivers[0].findings, 1U);
    EXPECT_EQ(attestation.waivers[0].reason, "our own installer");
}

TEST(WaivedFinding, DoesNotTakeItsNeighboursAlong) {
    WaivedRun waived(&two_matches);

    EXPECT_EQ(waived.bench.run.verdict(), content::Verdict::kRejected);
    EXPECT_EQ(waived.bench.run.errors(), 1U);
}

TEST(WaivedFinding, IsNoneInAnotherStream) {
    WaivedRun other(&one_match, "other");

    EXPECT_EQ(other.bench.run.verdict(), content::Verdict::kRejected);
    EXPECT_TRUE(attestation_of(other.bench.run).waivers.empty());
    ASSERT_FALSE(other.bench.run.notes.empty());
    EXPECT_NE(other.bench.run.notes[0].find("took in nothing"), std::string::npos);
}

// ---- the commands -------------------------------------------------------------------------------

/// A folder with a key, and the world around it.
class Desk {
public:
    Desk() {
        SeededRandom random(7);
        const SecretBytes passphrase = secret("open");
        const Result<Bytes> sealed = signing::seal_key(
            signer, passphrase, {.operations = 1, .memory_bytes = 1U << 16U}, random);
        EXPECT_TRUE(sealed);
        put("lead.key", text_of(*sealed));
        put("pass", "open\n");
        EXPECT_EQ(::chmod(at("pass").c_str(), 0600), 0);
    }

    std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
    void put(const std::string& name, std::string_view text) {
        EXPECT_TRUE(files.write(at(name), bytes_of(text), FileMode::kPublic));
    }

    int add(const Waiver& waiver, const std::string& expires) {
        return waive({files, clock, terminal},
                     {at("waivers.json"), at("lead.key"), at("pass"), waiver, expires});
    }
    std::vector<Waiver> waivers() const {
        const Result<Bytes> file = files.read(at("waivers.json"), kWaiverFileBytesMax);
        if (!file) return {};
        const auto read = open_waivers(*file, signer.key());
        EXPECT_TRUE(read);
        return read ? *read : std::vector<Waiver>{};
    }
    int verify(VerifyOptions options) {
        options.attestation = at("a.json");
        options.bundle = at("b.fbb");
        options.key = at("lead.key");
        return verify_attestation({files, clock, terminal}, options);
    }
    void attest(content::Attestation attestation) {
        put("b.fbb", "the bundle");
        attestation.bundle = sha256(bytes_of("the bundle"));
        attestation.bundle_name = "b.fbb";
        attestation.stream = "yara";
        attestation.counter = 1;
        attestation.verdict = content::Verdict::kAdmitted;
        attestation.builds = {{"yara", "4.2.3", sha256(bytes_of("engine"))}};
        attestation.stages = {{"replay", "passed", 1, 0}};
        attestation.finished = kNow;
        const std::string statement = json::serialize(content::to_statement(attestation));
        const auto envelope =
            signing::sign_dsse(content::kStatementPayloadType, bytes_of(statement), {&signer});
        ASSERT_TRUE(envelope);
        put("a.json", text_of(*envelope));
    }

    PosixFileStore files;
    firebreak::test::FakeClock clock;
    Terminal terminal{false};
    signing::Ed25519Signer signer = signer_of(1);

private:
    static SecretBytes secret(std::string_view text) {
        SecretBytes bytes(text.size());
        std::ranges::copy(bytes_of(text), bytes.writable().begin());
        return bytes;
    }

    firebreak::test::TemporaryFolder folder_;
};

TEST(WaiveCommand, AddsToAFileAndLetsWhatExpiredGo) {
    Desk desk;
    Waiver other = sample();
    other.rule = "other";

    EXPECT_EQ(desk.add(sample(), format_utc(kNow + hours{1})), kExitAdmitted);
    EXPECT_EQ(desk.add(other, format_utc(kNow + hours{48})), kExitAdmitted);
    EXPECT_EQ(desk.waivers().size(), 2U);
    EXPECT_EQ(desk.add(other, format_utc(kNow + hours{72})), kExitAdmitted);
    EXPECT_EQ(desk.waivers().size(), 2U);
    desk.clock.advance(hours{2});
    Waiver third = sample();
    third.file = "a.yar";
    EXPECT_EQ(desk.add(third, format_utc(kNow + hours{48})), kExitAdmitted);

    const std::vector<Waiver> waivers = desk.waivers();
    ASSERT_EQ(waivers.size(), 2U);
    EXPECT_EQ(waivers[0].rule, "other");
    EXPECT_EQ(waivers[1].file, "a.yar");
}

TEST(WaiveCommand, WritesNothingThatWouldBeRefused) {
    Desk desk;
    Waiver never = sample();
    never.finding = "FB304";

    EXPECT_EQ(desk.add(never, format_utc(kNow + hours{1})), kExitUsage);
    EXPECT_EQ(desk.add(sample(), "soon"), kExitUsage);
    EXPECT_EQ(desk.add(sample(), format_utc(kNow)), kExitUsage);
    EXPECT_FALSE(desk.files.read(desk.at("waivers.json"), 10));

    const auto stranger = signer_of(2);
    desk.put("waivers.json", text_of(*sign_waivers({sample()}, stranger)));
    EXPECT_EQ(desk.add(sample(), format_utc(kNow + hours{1})), kExitUsage);
}

TEST(VerifyCommand, ChecksWhatTheDeployerDemands) {
    Desk desk;
    desk.attest({});
    const std::string build = sha256(bytes_of("engine")).hex();
    const std::string other = sha256(bytes_of("another engine")).hex();

    EXPECT_EQ(desk.verify({}), kExitAdmitted);
    EXPECT_EQ(desk.verify({.no_waivers = true, .builds = {build}, .age_hours_max = 24}),
              kExitAdmitted);
    EXPECT_EQ(desk.verify({.builds = {build, other}}), kExitRejected);
    EXPECT_EQ(desk.verify({.builds = {"abc"}}), kExitUsage);
    desk.clock.advance(hours{25});
    EXPECT_EQ(desk.verify({.age_hours_max = 24}), kExitRejected);
    EXPECT_EQ(desk.verify({.age_hours_max = 26}), kExitAdmitted);
    desk.clock.set(Instant{kNow} - hours{1});
    EXPECT_EQ(desk.verify({}), kExitRejected);
}

TEST(VerifyCommand, LooksAtTheWaiversToo) {
    Desk desk;
    content::Attestation attestation;
    attestation.waivers = {{.finding = "FB701",
                            .rule = "needle",
                            .file = {},
                            .fingerprint = {},
                            .reason = "ours",
                            .who = "ada",
                            .expires = kNow + hours{24},
                            .findings = 1}};
    desk.attest(attestation);

    EXPECT_EQ(desk.verify({}), kExitAdmitted);
    EXPECT_EQ(desk.verify({.no_waivers = true}), kExitRejected);
    desk.clock.advance(hours{25});
    EXPECT_EQ(desk.verify({}), kExitRejected);
}

}  // namespace
}  // namespace firebreak::validator
