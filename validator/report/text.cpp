#include <algorithm>
#include <iomanip>
#include <sstream>

#include "core/base/utc.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

// What is to be fixed, and the verdict again below it, fit a screen of 24 lines and 80 columns.
// They stand at the end, which is what a terminal shows of a longer text.
constexpr std::size_t kShownFirst = 3;
constexpr std::size_t kNotesShown = 6;
constexpr std::size_t kLinesShown = 4;  ///< Of builds, of their coverage, of waivers.
constexpr std::size_t kReasonBytes = 200;
constexpr std::size_t kMessageBytes = 220;
constexpr std::size_t kSeenBytes = 120;

/// The first `bytes_max` of it, and no half of a character.
std::string cut(const std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "…";
}

std::string verdict_word(const Run& run, const Terminal& terminal) {
    const content::Verdict verdict = run.verdict();
    std::string word(to_string(verdict));
    std::ranges::transform(word, word.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return verdict == content::Verdict::kAdmitted ? terminal.good(word) : terminal.bad(word);
}

std::string headline(const Run& run, const Terminal& terminal) {
    std::string line = verdict_word(run, terminal) + "  " + run.request().bundle_name;
    if (run.bundle) {
        line += "  " + run.bundle->manifest.stream + "/" +
                std::to_string(run.bundle->manifest.counter) + ", " +
                std::to_string(run.bundle->files.size()) + " files";
    }
    return line + ", profile " + std::string(to_string(run.request().profile)) + ", seed " +
           std::to_string(run.request().seed) + "\n";
}

std::string outcome_word(StageOutcome outcome, const Terminal& terminal) {
    // Padded before it is painted: colour codes take no room on the screen.
    std::ostringstream padded;
    padded << std::left << std::setw(13) << to_string(outcome);
    return outcome == StageOutcome::kPassed ? terminal.good(padded.str())
                                            : terminal.bad(padded.str());
}

/// "3.0" of 3000 milliseconds.
std::string seconds(std::chrono::milliseconds time) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << static_cast<double>(time.count()) / 1000;
    return text.str();
}

/// A row for each: outcome, executions and the least that counts, seconds and the most allowed.
std::string stage_table(const Run& run, const Terminal& terminal) {
    std::ostringstream text;
    text << terminal.faint("  stage     outcome          runs at least  seconds at most") << "\n";
    for (const StageReport& stage : run.stages) {
        text << "  " << std::left << std::setw(10) << stage.name
             << outcome_word(stage.outcome, terminal) << std::right;
        if (stage.outcome != StageOutcome::kSkipped) {
            text << std::setw(8) << stage.executions << std::setw(9) << stage.executions_min
                 << std::setw(9) << seconds(stage.took) << std::setw(8) << seconds(stage.budget);
        }
        if (!stage.reason.empty()) text << "  " << cut(stage.reason, kReasonBytes);
        text << "\n";
    }
    return text.str();
}

/// The first few of `lines`, each behind `name`; the rest are counted.
std::string some_lines(std::string_view name, const std::vector<std::string>& lines,
                       std::size_t lines_max) {
    std::string text;
    for (std::size_t index = 0; index < std::min(lines.size(), lines_max); ++index) {
        text += "  " + std::string(name) + std::string(9 - name.size(), ' ') + lines[index] + "\n";
    }
    if (lines.size() > lines_max) {
        text += "           and " + std::to_string(lines.size() - lines_max) +
                " more; --html and --json have all of them\n";
    }
    return text;
}

std::vector<std::string> build_lines(const Run& run, const Terminal& terminal) {
    std::vector<std::string> lines;
    for (const Build& build : run.builds) {
        lines.push_back(build.label() + ", " + std::to_string(build.rules) + " rules, " +
                        terminal.faint(build.file.sha256.hex()));
    }
    return lines;
}

std::vector<std::string> twin_lines(const Run& run, const Terminal& terminal) {
    std::vector<std::string> lines;
    for (const Twin& twin : run.twins) {
        lines.push_back(twin.build.label() + ", " + std::to_string(twin.build.rules) + " rules, " +
                        terminal.faint(twin.build.file.sha256.hex()));
    }
    if (!lines.empty()) lines.push_back("sandbox " + run.twin_sandbox_level());
    return lines;
}

std::vector<std::string> coverage_lines(const Run& run) {
    std::vector<std::string> lines;
    for (const FieldCoverage& each : run.coverage) {
        lines.push_back(each.build + ", " + std::to_string(each.read) + " of " +
                        std::to_string(each.uses) + " uses of fields read, " +
                        std::to_string(each.both) + " met and missed; " +
                        std::to_string(each.rules_matched) + " of " + std::to_string(each.rules) +
                        " rules matched");
    }
    return lines;
}

std::vector<std::string> waiver_lines(const Run& run) {
    std::vector<std::string> lines;
    for (std::size_t index = 0; index < run.waived().size(); ++index) {
        const Waiver& waiver = run.request().waivers[index];
        lines.push_back(std::to_string(run.waived()[index]) + " x " + waiver.finding + " " +
                        waiver.rule + waiver.file + " by " + waiver.who + ", until " +
                        format_utc(waiver.expires));
    }
    return lines;
}

std::string place_text(const Place& place) {
    if (place.file.empty()) return {};
    return place.file + (place.line > 0 ? ":" + std::to_string(place.line) : std::string()) + ": ";
}

std::string finding_text(const Finding& finding, const Terminal& terminal) {
    const FindingRule& rule = finding_rule(finding.id);
    const std::string id = finding.id + " " + std::string(rule.name);
    std::string text =
        "  " + (rule.level == Level::kError ? terminal.bad(id) : terminal.strong(id)) + "  " +
        place_text(finding.place) + cut(finding.message, kMessageBytes) + "\n";
    if (!finding.evidence.empty() && finding.message.find(finding.evidence) == std::string::npos) {
        text += "      seen:    " + cut(finding.evidence, kSeenBytes) + "\n";
    }
    if (!finding.measured.empty()) text += "      measured: " + finding.measured + "\n";
    text += "      fix:     " + std::string(rule.remedy) + "\n";
    if (const std::string again = replay_words(finding); !again.empty()) {
        text += "      again:   " + again + " fresh processes" +
                (finding.minimised.empty() ? "" : ", with " + finding.minimised) + "\n";
    }
    if (!finding.command.empty()) text += "      replay:  " + finding.command + "\n";
    return text;
}

/// What is to be fixed: errors first; else in the order in which they were found.
std::vector<const Finding*> by_weight(const Run& run) {
    std::vector<const Finding*> findings;
    for (const Finding& finding : run.findings) {
        if (finding.waived.empty()) findings.push_back(&finding);
    }
    std::stable_partition(findings.begin(), findings.end(),
                          [](const Finding* finding) { return rejects(*finding); });
    return findings;
}

}  // namespace

std::string_view to_string(content::Verdict verdict) {
    switch (verdict) {
        case content::Verdict::kAdmitted: return "admitted";
        case content::Verdict::kRejected: return "rejected";
        case content::Verdict::kInconclusive: break;
    }
    return "inconclusive";
}

std::string validator_version() {
    constexpr std::string_view kName = "firebreak-validate";
    return version_line(kName).substr(kName.size() + 1);
}

std::string text_report(const Run& run, const Terminal& terminal) {
    std::string text = headline(run, terminal) + stage_table(run, terminal) +
                       some_lines("build", build_lines(run, terminal), kLinesShown) +
                       some_lines("twin", twin_lines(run, terminal), kLinesShown) +
                       some_lines("coverage", coverage_lines(run), kLinesShown) + "  sandbox  " +
                       run.sandbox_level() + "\n" +
                       some_lines("waived", waiver_lines(run), kLinesShown) +
                       some_lines("measured", run.measured, kLinesShown) +
                       some_lines("note", run.notes, kNotesShown);
    const std::vector<const Finding*> findings = by_weight(run);
    const std::size_t shown = std::min(findings.size(), kShownFirst);
    if (shown > 0) {
        text += terminal.strong(shown < findings.size() ? "Fix first:" : "To fix:") + "\n";
    }
    for (std::size_t index = 0; index < shown; ++index) {
        text += finding_text(*findings[index], terminal);
    }
    if (shown < findings.size()) {
        text += "  and " + std::to_string(findings.size() - shown) +
                " more; --html, --json and --sarif have all of them\n";
    }
    const std::uint64_t errors = run.errors();
    return text + verdict_word(run, terminal) + "  " + run.request().bundle_name + "  " +
           std::to_string(errors) + (errors == 1 ? " error, " : " errors, ") +
           std::to_string(run.findings.size() + run.findings_not_kept()) + " findings in all\n";
}

}  // namespace firebreak::validator
