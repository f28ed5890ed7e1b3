#include <algorithm>
#include <iomanip>
#include <sstream>

#include "core/base/utc.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kShownFirst = 3;
constexpr std::size_t kNotesShown = 6;
constexpr std::size_t kWaiversShown = 3;
constexpr std::size_t kReasonBytes = 200;

std::string headline(const Run& run, const Terminal& terminal) {
    const content::Verdict verdict = run.verdict();
    std::string word(to_string(verdict));
    std::ranges::transform(word, word.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    std::string line =
        verdict == content::Verdict::kAdmitted ? terminal.good(word) : terminal.bad(word);
    line += "  " + run.request().bundle_name;
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

std::string stage_table(const Run& run, const Terminal& terminal) {
    std::ostringstream text;
    for (const StageReport& stage : run.stages) {
        text << "  " << std::left << std::setw(10) << stage.name
             << outcome_word(stage.outcome, terminal) << std::right << std::setw(8)
             << stage.executions << " runs " << std::setw(8) << std::fixed << std::setprecision(1)
             << static_cast<double>(stage.took.count()) / 1000 << " s";
        if (!stage.reason.empty()) text << "  " << stage.reason.substr(0, kReasonBytes);
        text << "\n";
    }
    return text.str();
}

std::string place_text(const Place& place) {
    if (place.file.empty()) return {};
    return place.file + (place.line > 0 ? ":" + std::to_string(place.line) : std::string()) + ": ";
}

std::string finding_text(const Finding& finding, const Terminal& terminal) {
    const FindingRule& rule = finding_rule(finding.id);
    const std::string id = finding.id + " " + std::string(rule.name);
    std::string text = "  " +
                       (rule.level == Level::kError ? terminal.bad(id) : terminal.strong(id)) +
                       "  " + place_text(finding.place) + finding.message + "\n";
    if (!finding.evidence.empty() && finding.message.find(finding.evidence) == std::string::npos) {
        text += "      seen:    " + finding.evidence.substr(0, kReasonBytes) + "\n";
    }
    text += "      fix:     " + std::string(rule.remedy) + "\n";
    if (!finding.command.empty()) text += "      replay:  " + finding.command + "\n";
    return text;
}

/// What is to be fixed: errors first; else in the order in which they were found.
std::vector<const Finding*> by_weight(const Run& run) {
    std::vector<const Finding*> findings;
    for (const Finding& finding : run.findings) {
        if (finding.waived.empty()) findings.push_back(&finding);
    }
    std::ranges::stable_partition(findings,
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
    std::string text = headline(run, terminal) + stage_table(run, terminal);
    for (const Build& build : run.builds) {
        text += "  build    " + build.label() + ", " + std::to_string(build.rules) + " rules, " +
                terminal.faint(build.file.sha256.hex()) + "\n";
    }
    for (const FieldCoverage& each : run.coverage) {
        text += "  coverage " + each.build + ", " + std::to_string(each.read) + " of " +
                std::to_string(each.uses) + " uses of fields read, " + std::to_string(each.both) +
                " met and missed; " + std::to_string(each.rules_matched) + " of " +
                std::to_string(each.rules) + " rules matched\n";
    }
    text += "  sandbox  " + run.sandbox_level() + "\n";
    for (std::size_t index = 0; index < run.waived().size(); ++index) {
        const Waiver& waiver = run.request().waivers[index];
        text += "  waived   " + std::to_string(run.waived()[index]) + " x " + waiver.finding + " " +
                waiver.rule + waiver.file + " by " + waiver.who + ", until " +
                format_utc(waiver.expires) + "\n";
        if (index + 1 == kWaiversShown) break;
    }
    const std::size_t notes = std::min(run.notes.size(), kNotesShown);
    for (std::size_t index = 0; index < notes; ++index) {
        text += "  note     " + run.notes[index] + "\n";
    }
    const std::vector<const Finding*> findings = by_weight(run);
    if (findings.empty()) return text;
    const std::size_t shown = std::min(findings.size(), kShownFirst);
    text += terminal.strong(shown < findings.size() ? "Fix first:" : "To fix:") + "\n";
    for (std::size_t index = 0; index < shown; ++index) {
        text += finding_text(*findings[index], terminal);
    }
    if (shown < findings.size()) {
        text += "  and " + std::to_string(findings.size() - shown) +
                " more; --html, --json and --sarif have all of them\n";
    }
    return text;
}

}  // namespace firebreak::validator
