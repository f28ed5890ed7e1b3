// JUnit, HTML and SARIF of a run whose names an attacker wrote.

#include <gtest/gtest.h>

#include "core/content/schema.hpp"
#include "tests/unit/validator/bench_run.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

using test::BenchRun;

constexpr std::string_view kHostile = "\"><script src=//evil>\x1b[2J</script><!--' ]]>";

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t times = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1)) {
        ++times;
    }
    return times;
}

void add_stage(Run& run, const std::string& name, StageOutcome outcome, const std::string& why) {
    run.stages.push_back({.name = name,
                          .outcome = outcome,
                          .reason = why,
                          .executions = 5,
                          .findings = 0,
                          .took = std::chrono::milliseconds{1500},
                          .executions_min = 4,
                          .budget = std::chrono::milliseconds{3000}});
    run.stage = name;
}

/// One of everything, with hostile texts wherever content or an engine has a say.
void fill(Run& run) {
    const std::string hostile(kHostile);
    Build build{.file = {"yara.so", sha256(bytes_of("engine"))}};
    build.capabilities.name = "yara";
    build.capabilities.version = "4.2.3";
    run.builds.push_back(build);
    run.corpora.push_back({hostile, sha256(bytes_of("corpus")), 800});
    run.novelty.push_back({hostile, hostile, hostile, hostile});
    run.notes.push_back(hostile);
    run.measured.push_back(hostile);
    add_stage(run, "lint", StageOutcome::kPassed, "");
    run.add({.id = "FB402", .place = {hostile, 3, hostile}, .message = hostile});
    add_stage(run, "replay", StageOutcome::kFailed, "");
    run.add({.id = "FB701",
             .place = {"rules/a.yar", 12, hostile},
             .message = hostile,
             .build = "yara 4.2.3",
             .input = hostile,
             .evidence = hostile,
             .measured = hostile,
             .command = hostile});
    add_stage(run, "budget", StageOutcome::kInconclusive, hostile);
    add_stage(run, "fuzz", StageOutcome::kSkipped, "needs the stage replay");
    run.finished = std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}};
}

/// Whether `text` is elements within elements and nothing else: enough of XML to see an escape.
bool balanced(std::string_view text) {
    std::vector<std::string> open;
    for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
        const std::size_t end = text.find('>', at);
        if (end == std::string_view::npos) return false;
        const std::string_view tag = text.substr(at + 1, end - at - 1);
        at = end;
        if (tag.starts_with('?') || tag.ends_with('/')) continue;
        if (tag.starts_with('/')) {
            if (open.empty() || open.back() != tag.substr(1)) return false;
            open.pop_back();
        } else {
            open.emplace_back(tag.substr(0, tag.find(' ')));
        }
    }
    return open.empty();
}

TEST(JunitReport, HasASuiteForEachStageAndBuild) {
    BenchRun bench;
    fill(bench.run);

    const std::string xml = junit_report(bench.run);

    EXPECT_TRUE(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "));
    EXPECT_NE(xml.find("tests=\"6\" failures=\"1\" errors=\"1\" skipped=\"1\""), std::string::npos)
        << xml;
    EXPECT_NE(xml.find("<testsuite name=\"replay in yara 4.2.3\" tests=\"1\" failures=\"1\""),
              std::string::npos)
        << xml;
    EXPECT_NE(xml.find("<failure type=\"FB701\""), std::string::npos);
    EXPECT_NE(xml.find("<error type=\"inconclusive\""), std::string::npos);
    EXPECT_NE(xml.find("<skipped message=\"needs the stage replay\"/>"), std::string::npos);
    EXPECT_NE(xml.find("<system-out>warning: "), std::string::npos);
    EXPECT_NE(xml.find("<property name=\"executions_min\" value=\"4\"/>"), std::string::npos);
    EXPECT_NE(xml.find("<property name=\"seconds_max\" value=\"3.000\"/>"), std::string::npos);
    EXPECT_EQ(count(xml, "<properties>"), 4U) << "once for each stage";
}

TEST(JunitReport, IsXmlWhateverTheNamesAre) {
    BenchRun bench;
    fill(bench.run);

    const std::string xml = junit_report(bench.run);

    EXPECT_TRUE(balanced(xml)) << xml;
    EXPECT_EQ(xml.find("<script"), std::string::npos);
    EXPECT_EQ(xml.find('\x1b'), std::string::npos);
}

TEST(HtmlReport, HasASectionForEachStageAndAChart) {
    BenchRun bench;
    fill(bench.run);

    const std::string html = html_report(bench.run);

    EXPECT_EQ(count(html, "<section>"), 4U);
    EXPECT_NE(html.find("5 executions of at least 4, 1500 of 3000 ms"), std::string::npos);
    EXPECT_EQ(count(html, "<svg"), 2U);
    EXPECT_NE(html.find("rejected: yara-7.fbb"), std::string::npos);
    EXPECT_LT(html.find("Fix first"), html.find("<h2>Stages"));
    EXPECT_EQ(html.find("0 executions of at least 0"), std::string::npos);
    EXPECT_NE(html.find("<h2>Measured</h2>"), std::string::npos);
}

TEST(HtmlReport, ShowsWhatRulesWereSeenToReadBesideTheStageThatMeasuresIt) {
    BenchRun bench;
    bench.run.coverage.push_back({"sigma 7.12", 77, 76, 179, 178, 170});
    add_stage(bench.run, "load", StageOutcome::kPassed, "");
    add_stage(bench.run, "directed", StageOutcome::kPassed, "");

    const std::string html = html_report(bench.run);

    const std::size_t at = html.find("uses of fields");
    ASSERT_NE(at, std::string::npos);
    EXPECT_GT(at, html.find("<h2>directed"));
    EXPECT_NE(html.find("<td class=\"n\">178</td>"), std::string::npos);
}

TEST(HtmlReport, HasNothingInItThatCouldRunOrCallHome) {
    BenchRun bench;
    fill(bench.run);

    const std::string html = html_report(bench.run);

    for (const char* never : {"<script", "<img", "<link", "<iframe", "src=", "href=", "url(",
                              "http://", "https://", "\x1b", "<!--"}) {
        // The hostile name has "src=" in it: as text, behind an escaped bracket.
        const std::size_t allowed =
            std::string_view(never) == "src=" ? count(html, "&lt;script src=") : 0;
        EXPECT_EQ(count(html, never), allowed) << never;
    }
    EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, CutsALongListAndSaysSo) {
    BenchRun bench;
    add_stage(bench.run, "lint", StageOutcome::kFailed, "");
    for (std::size_t index = 0; index < kHtmlFindingsMax + 7; ++index) {
        bench.run.add({.id = "FB401", .message = "wide"});
    }

    const std::string html = html_report(bench.run);

    EXPECT_NE(html.find("7 more are in the JSON report"), std::string::npos);
    EXPECT_LE(count(html, "class=\"f\""), kHtmlFindingsMax + 3);
}

/// The schema is of the part of SARIF 2.1.0 that we write, from the standard's sections.
TEST(SarifReport, FollowsItsSchema) {
    BenchRun bench;
    fill(bench.run);
    bench.run.findings.back().waived = "ada, until 2027-01-01T00:00:00Z: ours";

    const Result<content::Document> document =
        content::read_json("sarif", pretty_json(sarif_report(bench.run)));

    ASSERT_TRUE(document);
    const Result<void> valid = content::require_schema("sarif-report.v1", *document);
    EXPECT_TRUE(valid) << valid.error().to_string();
    EXPECT_EQ(document->value.at_pointer("/runs/0/results/1/suppressions/0/kind"),
              json::value("external"));
}

}  // namespace
}  // namespace firebreak::validator
