#include <algorithm>
#include <map>

#include "core/base/utc.hpp"
#include "validator/report/markup.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

/// No script, no picture, no font, and nobody is asked for any: what a hostile name might smuggle
/// in has nothing to run in.
constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Firebreak validation report</title>\n<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:#1d2430;background:#f6f7f9;margin:0}\n"
    "main{max-width:68rem;margin:0 auto;padding:1.5rem}\n"
    "h1{margin:0;font-size:1.6rem}h2{margin:2rem 0 .5rem;font-size:1.15rem}\n"
    "header{padding:1.2rem 1.5rem;color:#fff}\n"
    ".admitted{background:#1a7f4b}.rejected{background:#b3261e}.inconclusive{background:#8a5a00}\n"
    "table{border-collapse:collapse;width:100%;background:#fff}\n"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid "
    "#e3e6ea;vertical-align:top}\n"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "code,.mono{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}\n"
    "section{background:#fff;border:1px solid #e3e6ea;border-radius:6px;padding:.2rem 1rem 1rem;"
    "margin:1rem 0}\n"
    ".f{border-left:4px solid #b3261e;padding:.2rem .8rem;margin:.8rem 0}\n"
    ".f.warning{border-color:#c98a00}.f.waived{border-color:#7a8594}\n"
    ".faint{color:#5c6675}svg{background:#fff;border:1px solid #e3e6ea;border-radius:6px;"
    "max-width:100%;height:auto}\n"
    "</style></head><body>\n";

constexpr int kBarX = 150;
constexpr int kBarWidth = 480;
constexpr int kRowHeight = 26;
constexpr std::size_t kRowsMax = 200;

/// The stage whose figures FieldCoverage are.
constexpr std::string_view kMeasuringStage = "directed";

std::string text(std::string_view value) {
    return escape_markup(value);
}

std::string cell(std::string_view value, bool number = false) {
    return std::string(number ? "<td class=\"n\">" : "<td>") + text(value) + "</td>";
}

std::string_view colour_of(StageOutcome outcome) {
    switch (outcome) {
        case StageOutcome::kPassed: return "#1a7f4b";
        case StageOutcome::kFailed: return "#b3261e";
        case StageOutcome::kInconclusive: return "#c98a00";
        case StageOutcome::kSkipped: break;
    }
    return "#9aa3af";
}

std::string svg_text(int x, int y, std::string_view value) {
    return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) +
           "\" font-size=\"13\" font-family=\"sans-serif\" fill=\"#1d2430\">" + text(value) +
           "</text>";
}

std::string svg_bar(int y, int width, std::string_view colour) {
    return "<rect x=\"" + std::to_string(kBarX) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
           std::to_string(width) + "\" height=\"16\" rx=\"2\" fill=\"" + std::string(colour) +
           "\"/>";
}

std::string svg_open(std::size_t rows, std::string_view title) {
    return "<svg viewBox=\"0 0 800 " + std::to_string(static_cast<int>(rows) * kRowHeight + 12) +
           "\" width=\"800\" role=\"img\" aria-label=\"" + text(title) + "\">";
}

/// How much of its time each stage took, in the colour of its outcome.
std::string time_chart(const Run& run) {
    std::string svg = svg_open(run.stages.size(), "Share of its time that each stage took");
    int y = 6;
    for (const StageReport& stage : run.stages) {
        const auto budget = std::max<std::int64_t>(stage.budget.count(), 1);
        const auto took = std::min<std::int64_t>(stage.took.count(), budget);
        svg += svg_text(8, y + 13, stage.name) + svg_bar(y, kBarWidth, "#eceff3") +
               svg_bar(y, static_cast<int>(took * kBarWidth / budget), colour_of(stage.outcome)) +
               svg_text(kBarX + kBarWidth + 10, y + 13,
                        std::to_string(stage.took.count()) + " of " +
                            std::to_string(stage.budget.count()) + " ms");
        y += kRowHeight;
    }
    return svg + "</svg>\n";
}

/// How often each kind of finding was found.
std::string finding_chart(const Run& run) {
    std::map<std::string, std::size_t> counts;
    std::size_t most = 1;
    for (const Finding& finding : run.findings) most = std::max(most, ++counts[finding.id]);
    if (counts.empty()) return {};
    std::string svg = svg_open(counts.size(), "Findings by kind");
    int y = 6;
    for (const auto& [id, count] : counts) {
        const bool error = finding_rule(id).level == Level::kError;
        const auto width = static_cast<int>(count * static_cast<std::size_t>(kBarWidth) / most);
        svg += svg_text(8, y + 13, id) +
               svg_bar(y, std::max(width, 2), error ? "#b3261e" : "#c98a00") +
               svg_text(kBarX + kBarWidth + 10, y + 13,
                        std::to_string(count) + " " + std::string(finding_rule(id).name));
        y += kRowHeight;
    }
    return svg + "</svg>\n";
}

std::string finding_block(const Finding& finding) {
    const FindingRule& rule = finding_rule(finding.id);
    const std::string_view kind = rejects(finding)         ? ""
                                  : finding.waived.empty() ? " warning"
                                                           : " waived";
    std::string block = "<div class=\"f" + std::string(kind) + "\"><b>" + finding.id + " " +
                        std::string(rule.name) + "</b> " + text(finding.message) + "<br>\n";
    const auto line = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        block += "<span class=\"faint\">" + std::string(name) + "</span> <span class=\"mono\">" +
                 text(value) + "</span><br>\n";
    };
    std::string place = finding.place.file;
    if (finding.place.line > 0) place += ":" + std::to_string(finding.place.line);
    line("place", place);
    line("rule", finding.place.rule);
    line("build", finding.build);
    line("input", finding.input);
    line("seen", finding.evidence);
    line("measured", finding.measured);
    line("waived by", finding.waived);
    line("seen again", replay_words(finding));
    line("minimised", finding.minimised);
    line("replay", finding.command);
    line("fingerprint", fingerprint(finding));
    return block + "<span class=\"faint\">fix</span> " + text(rule.remedy) + "</div>\n";
}

/// Executions and the least that counts, milliseconds and the most allowed; empty: was not run.
std::string figures_of(const StageReport& stage) {
    if (stage.outcome == StageOutcome::kSkipped) return {};
    return std::to_string(stage.executions) + " executions of at least " +
           std::to_string(stage.executions_min) + ", " + std::to_string(stage.took.count()) +
           " of " + std::to_string(stage.budget.count()) + " ms, " +
           std::to_string(stage.findings) + " findings. ";
}

/// What each build's rules were seen to ask of fields: the directed stage's own table.
std::string coverage_table(const Run& run) {
    if (run.coverage.empty()) return {};
    std::string html =
        "<table><tr><th>engine</th><th>rules</th><th>matched</th><th>uses of fields</th>"
        "<th>read</th><th>met and missed</th></tr>";
    for (const FieldCoverage& each : run.coverage) {
        html += "<tr>" + cell(each.build);
        for (const std::uint64_t figure :
             {each.rules, each.rules_matched, each.uses, each.read, each.both}) {
            html += cell(std::to_string(figure), true);
        }
        html += "</tr>\n";
    }
    return html + "</table>\n";
}

std::string list_of(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return {};
    std::string html = "<h2>" + std::string(title) + "</h2><ul>";
    for (const std::string& each : lines) html += "<li>" + text(each) + "</li>\n";
    return html + "</ul>\n";
}

std::string stage_section(const Run& run, const StageReport& stage, std::size_t& room) {
    std::string html = "<section><h2>" + text(stage.name) + ": " +
                       std::string(to_string(stage.outcome)) + "</h2>\n<p>" + figures_of(stage) +
                       text(stage.reason) + "</p>\n";
    if (stage.name == kMeasuringStage) html += coverage_table(run);
    std::size_t left_out = 0;
    for (const Finding& finding : run.findings) {
        if (finding.stage != stage.name) continue;
        if (room == 0) {
            ++left_out;
            continue;
        }
        --room;
        html += finding_block(finding);
    }
    if (left_out > 0) {
        html += "<p>" + std::to_string(left_out) + " more are in the JSON report.</p>\n";
    }
    return html + "</section>\n";
}

std::string head_of(const Run& run) {
    const std::string verdict(to_string(run.verdict()));
    std::string html = "<header class=\"" + verdict + "\"><h1>" + verdict + ": " +
                       text(run.request().bundle_name) + "</h1>\n";
    if (run.bundle) {
        html += text(run.bundle->manifest.stream) + "/" +
                std::to_string(run.bundle->manifest.counter) + ", " +
                text(run.bundle->manifest.content_type) + ", " +
                std::to_string(run.bundle->files.size()) + " files, ";
    }
    return html + "profile " + std::string(to_string(run.request().profile)) + ", seed " +
           std::to_string(run.request().seed) + ", " + format_utc(run.finished) +
           "<br><code>sha256 " + sha256(run.request().bundle).hex() + "</code></header>\n<main>\n";
}

std::string fix_first(const Run& run) {
    std::string html;
    int shown = 0;
    for (const bool errors : {true, false}) {
        for (const Finding& finding : run.findings) {
            if (rejects(finding) != errors || !finding.waived.empty() || shown == 3) continue;
            html += finding_block(finding);
            ++shown;
        }
    }
    return html.empty() ? html : "<h2>Fix first</h2>\n" + html;
}

std::string twin_table(const Run& run) {
    if (run.twins.empty()) return {};
    std::string html =
        "<h2>Sanitizer twins</h2><table><tr><th>engine</th><th>rules</th><th>sha256</th>"
        "<th>of</th></tr>";
    for (const Twin& twin : run.twins) {
        html += "<tr>" + cell(twin.build.label()) + cell(std::to_string(twin.build.rules), true) +
                "<td class=\"mono\">" + twin.build.file.sha256.hex() + "</td><td class=\"mono\">" +
                twin.of.hex() + "</td></tr>\n";
    }
    return html + "</table>\n<p>sandbox: " + text(run.twin_sandbox_level()) + "</p>\n";
}

std::string tables(const Run& run) {
    std::string html =
        "<h2>Builds</h2><table><tr><th>engine</th><th>rules</th><th>sha256</th></tr>";
    for (const Build& build : run.builds) {
        html += "<tr>" + cell(build.label()) + cell(std::to_string(build.rules), true) +
                "<td class=\"mono\">" + build.file.sha256.hex() + "</td></tr>\n";
    }
    html += "</table>\n<p>sandbox: " + text(run.sandbox_level()) + "</p>\n" + twin_table(run);
    html += "<h2>Corpora</h2><table><tr><th>name</th><th>files</th><th>sha256</th></tr>";
    for (const content::AttestedCorpus& corpus : run.corpora) {
        html += "<tr>" + cell(corpus.name) + cell(std::to_string(corpus.files), true) +
                "<td class=\"mono\">" + corpus.sha256.hex() + "</td></tr>\n";
    }
    html += "</table>\n";
    if (!run.waived().empty()) {
        html +=
            "<h2>Waivers</h2><table><tr><th>finding</th><th>rule, file</th><th>took in</th>"
            "<th>who, until, why</th></tr>";
        for (std::size_t index = 0; index < run.waived().size(); ++index) {
            const Waiver& waiver = run.request().waivers[index];
            html += "<tr>" + cell(waiver.finding) + cell(waiver.rule + " " + waiver.file) +
                    cell(std::to_string(run.waived()[index]), true) +
                    cell(waiver.who + ", " + format_utc(waiver.expires) + ": " + waiver.reason) +
                    "</tr>\n";
        }
        html += "</table>\n";
    }
    return html;
}

std::string novelty_table(const Run& run) {
    if (run.novelty.empty()) return {};
    std::string html = "<h2>First uses: " + std::to_string(run.novelty.size()) +
                       "</h2><table><tr><th>contract</th><th>field</th><th>operator</th>"
                       "<th>action</th></tr>";
    for (std::size_t index = 0; index < std::min(run.novelty.size(), kRowsMax); ++index) {
        const content::AttestedUse& use = run.novelty[index];
        html += "<tr>" + cell(use.contract) + cell(use.field) + cell(use.op) + cell(use.action) +
                "</tr>\n";
    }
    html += "</table>\n";
    if (run.novelty.size() > kRowsMax) html += "<p>The rest is in the JSON report.</p>\n";
    return html;
}

}  // namespace

std::string html_report(const Run& run) {
    std::string html = std::string(kHead) + head_of(run) + fix_first(run);
    html += "<h2>Stages</h2>\n" + time_chart(run);
    if (const std::string chart = finding_chart(run); !chart.empty()) {
        html += "<h2>Findings</h2>\n" + chart;
    }
    html += tables(run);
    std::size_t room = kHtmlFindingsMax;
    for (const StageReport& stage : run.stages) html += stage_section(run, stage, room);
    html += novelty_table(run) + list_of("Measured", run.measured) + list_of("Notes", run.notes);
    return html + "<p class=\"faint\">firebreak-validate " + validator_version() +
           ". docs/findings.md explains the findings.</p>\n</main></body></html>\n";
}

}  // namespace firebreak::validator
