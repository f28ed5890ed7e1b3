// The four forms of a report, on a run that found something.

#include "validator/report/report.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/content/schema.hpp"
#include "core/signing/dsse.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/validator/bench_run.hpp"

namespace firebreak::validator {
namespace {

using test::BenchRun;

content::Bundle sample_bundle() {
    content::Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = 7;
    manifest.content_type = "yara-source";
    return *content::unpack_bundle(
        *content::pack_bundle(manifest, {{"rules/a.yar", to_bytes("rule a {}")}}));
}

void fill(Run& run, std::size_t findings) {
    run.bundle = sample_bundle();
    Build build{.file = {"yara.so", sha256(bytes_of("engine"))}};
    build.capabilities.name = "yara";
    build.capabilities.version = "4.2.3";
    build.rules = 3;
    run.builds.push_back(build);
    build.file.sha256 = sha256(bytes_of("twin"));
    run.twins.push_back({.build = build, .of = run.builds.front().file.sha256});
    run.corpora.push_back({"goodware:/usr/bin", sha256(bytes_of("corpus")), 800});
    run.coverage.push_back({"sigma 7.12", 77, 76, 179, 178, 170});
    run.stages.push_back({.name = "replay",
                          .outcome = findings > 0 ? StageOutcome::kFailed : StageOutcome::kPassed,
                          .reason = "",
                          .executions = 800,
                          .findings = findings});
    run.stage = "replay";
    for (std::size_t index = 0; index < findings; ++index) {
        run.add({.id = "FB701",
                 .place = {"rules/a.yar", 12, "r" + std::to_string(index)},
                 .message = "rule r" + std::to_string(index) + " matches goodware /usr/bin/ls",
                 .build = "yara 4.2.3",
                 .input = "/usr/bin/ls",
                 .evidence = "$a at 0x40",
                 .reproducer = "out/1.json",
                 .command = "firebreak-validate reproduce out/1.json --engine yara.so"});
    }
    run.finished = std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}};
}

TEST(TextReport, SaysWhatToFixFirstOnOneScreen) {
    BenchRun bench;
    fill(bench.run, 100);

    const std::string text = text_report(bench.run, Terminal(false));

    EXPECT_TRUE(text.starts_with("REJECTED  yara-7.fbb  yara/7, 1 files")) << text;
    EXPECT_NE(text.find("FB701 goodware-match  rules/a.yar:12: rule r0 matches"),
              std::string::npos);
    EXPECT_NE(text.find("and 97 more"), std::string::npos);
    EXPECT_LE(std::ranges::count(text, '\n'), 26);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

/// However much was found and said: what a terminal shows of it has the verdict, and what to fix.
TEST(TextReport, EndsWithWhatToFixAndTheVerdict) {
    BenchRun bench;
    fill(bench.run, 100);
    bench.run.builds.resize(40, bench.run.builds.front());
    bench.run.notes.assign(40, "worth knowing");
    for (Finding& finding : bench.run.findings) {
        finding.message = std::string(5000, 'm');
        finding.evidence = std::string(5000, 'e');
    }

    const std::string text = text_report(bench.run, Terminal(false));

    const std::string end = text.substr(text.find("Fix first:"));
    EXPECT_TRUE(end.ends_with("REJECTED  yara-7.fbb  100 errors, 100 findings in all\n")) << end;
    EXPECT_LE(end.size(), 24U * 80U);
    EXPECT_NE(text.find("and 36 more; --html and --json have all of them"), std::string::npos);
}

TEST(TextReport, HasARowForEachStageWithItsFigures) {
    BenchRun bench;
    fill(bench.run, 0);
    bench.run.stages.push_back({.name = "fuzz",
                                .outcome = StageOutcome::kPassed,
                                .reason = "",
                                .executions = 6012,
                                .findings = 0,
                                .took = std::chrono::milliseconds{4200},
                                .executions_min = 500,
                                .budget = std::chrono::seconds{20}});
    bench.run.stages.push_back(
        {.name = "budget", .outcome = StageOutcome::kSkipped, .reason = "switched off by hand"});
    bench.run.measured.push_back("yara 4.2.3 scans 90.00 MiB per second of CPU time");

    const std::string text = text_report(bench.run, Terminal(false));

    EXPECT_NE(text.find("fuzz      passed           6012      500      4.2    20.0\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("budget    skipped        switched off by hand\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("  measured yara 4.2.3 scans"), std::string::npos) << text;
    EXPECT_NE(text.find("178 of 179 uses of fields read, 170 met and missed; 76 of 77 rules"),
              std::string::npos)
        << text;
}

TEST(TextReport, CutsBetweenCharacters) {
    BenchRun bench;
    fill(bench.run, 1);
    for (std::size_t length = 200; length < 230; ++length) {
        bench.run.findings[0].message = std::string(length, 'm') + "€€€€€€€€€€€€";

        const std::string text = text_report(bench.run, Terminal(false));

        EXPECT_EQ(text.find("\xE2\n"), std::string::npos);
        EXPECT_EQ(text.find("\xE2\x82\n"), std::string::npos);
        EXPECT_EQ(text.find("\xE2\xE2"), std::string::npos) << length;
        EXPECT_EQ(text.find("\x82\xE2\x80"), std::string::npos) << length;
    }
}

TEST(TextReport, PutsErrorsBeforeWarnings) {
    BenchRun bench;
    fill(bench.run, 0);
    bench.run.add({.id = "FB509", .message = "slow"});
    bench.run.add({.id = "FB501", .message = "broken"});

    const std::string text = text_report(bench.run, Terminal(false));

    EXPECT_LT(text.find("FB501"), text.find("FB509"));
}

TEST(JsonReport, FollowsItsSchema) {
    for (const std::size_t findings : {0U, 3U}) {
        BenchRun bench;
        fill(bench.run, findings);
        const std::string text = pretty_json(json_report(bench.run));

        const Result<content::Document> document = content::read_json("report", text);

        ASSERT_TRUE(document);
        const Result<void> valid = content::require_schema("validation-report.v1", *document);
        EXPECT_TRUE(valid) << valid.error().to_string();
    }
}

TEST(JsonReport, FollowsItsSchemaForABundleThatCannotBeRead) {
    BenchRun bench;
    bench.run.stage = "structure";
    bench.run.add({.id = "FB101", .message = "no"});

    const std::string text = pretty_json(json_report(bench.run));

    const Result<content::Document> document = content::read_json("report", text);
    ASSERT_TRUE(document);
    EXPECT_TRUE(content::check_schema("validation-report.v1", *document).empty());
}

TEST(SarifReport, HasWhatCodeHostsReadFromIt) {
    BenchRun bench;
    fill(bench.run, 2);

    const json::value sarif = sarif_report(bench.run);

    EXPECT_EQ(sarif.at("version"), json::value("2.1.0"));
    const json::value& run = sarif.at("runs").at(0);
    const json::value& result = run.at("results").at(1);
    EXPECT_EQ(result.at("ruleId"), json::value("FB701"));
    EXPECT_EQ(result.at("level"), json::value("error"));
    const json::value& rules = run.at("tool").at("driver").at("rules");
    const auto index = result.at("ruleIndex").to_number<std::size_t>();
    EXPECT_EQ(rules.at(index).at("id"), json::value("FB701"));
    const json::value& place = result.at("locations").at(0).at("physicalLocation");
    EXPECT_EQ(place.at("artifactLocation").at("uri"), json::value("rules/a.yar"));
    EXPECT_EQ(place.at("region").at("startLine").to_number<int>(), 12);
    EXPECT_EQ(result.at("partialFingerprints").at("firebreak/v1"),
              json::value(fingerprint(bench.run.findings[1])));
}

TEST(SarifReport, SaysThatARunWasNotWhole) {
    BenchRun bench;
    fill(bench.run, 0);
    bench.run.stages.push_back(
        {.name = "budget", .outcome = StageOutcome::kInconclusive, .reason = "out of time"});

    const json::value sarif = sarif_report(bench.run);

    const json::value& invocation = sarif.at("runs").at(0).at("invocations").at(0);
    EXPECT_EQ(invocation.at("executionSuccessful"), json::value(false));
    EXPECT_EQ(invocation.at("toolExecutionNotifications").as_array().size(), 1U);
}

TEST(AttestationReport, SaysWhatWasDrivenAndWithWhichResult) {
    BenchRun bench;
    fill(bench.run, 1);
    SeededRandom random(1);
    const auto signer = signing::Ed25519Signer::generate(random);

    const Result<Bytes> envelope = signed_attestation(bench.run, signer);

    ASSERT_TRUE(envelope);
    const auto parsed = signing::parse_dsse(*envelope);
    ASSERT_TRUE(parsed);
    const Result<Bytes> payload = signing::verify_dsse(*parsed, {signer.key()}, 1);
    ASSERT_TRUE(payload);
    const Result<content::Attestation> read = content::parse_statement(text_of(*payload));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->bundle, sha256(bytes_of("the bundle")));
    EXPECT_EQ(read->verdict, content::Verdict::kRejected);
    ASSERT_EQ(read->builds.size(), 1U);
    EXPECT_EQ(read->builds[0].sha256, sha256(bytes_of("engine")));
    EXPECT_EQ(read->corpora[0].files, 800U);
    EXPECT_EQ(read->stages[0].executions, 800U);
    ASSERT_EQ(read->coverage.size(), 1U);
    EXPECT_EQ(read->coverage[0].both, 170U);
}

TEST(AttestationReport, CanBeMadeForABundleThatCouldNotBeRead) {
    BenchRun bench;
    bench.run.stage = "structure";
    bench.run.add({.id = "FB101", .message = "no"});
    SeededRandom random(1);
    const auto signer = signing::Ed25519Signer::generate(random);

    const Result<Bytes> envelope = signed_attestation(bench.run, signer);

    ASSERT_TRUE(envelope);
    const auto parsed = signing::parse_dsse(*envelope);
    const auto read = content::parse_statement(text_of(parsed->payload));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->verdict, content::Verdict::kRejected);
}

}  // namespace
}  // namespace firebreak::validator
