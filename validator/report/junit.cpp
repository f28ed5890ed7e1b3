#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/utc.hpp"
#include "validator/report/markup.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + escape_markup(value) + "\"";
}

std::string seconds(std::chrono::milliseconds time) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(time.count()) / 1000);
    return text.data();
}

/// What a stage did, and what it had to do.
std::string properties_of(const StageReport& stage) {
    const auto property = [](std::string_view name, std::string_view value) {
        return "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
    };
    return "    <properties>\n" + property("outcome", to_string(stage.outcome)) +
           property("executions", std::to_string(stage.executions)) +
           property("executions_min", std::to_string(stage.executions_min)) +
           property("seconds_max", seconds(stage.budget)) + "    </properties>\n";
}

/// One testsuite in the making.
struct Suite {
    std::string name;
    std::string cases{};
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;

    void add(const std::string& test, const std::string& body) {
        ++tests;
        cases += "    <testcase" + attribute("classname", name) + attribute("name", test) +
                 (body.empty() ? "/>\n" : ">" + body + "</testcase>\n");
    }

    /// @param stage  nullptr for all suites of a stage but the first, which has its figures.
    std::string xml(const Run& run, const StageReport* stage) const {
        const auto took = stage != nullptr ? stage->took : std::chrono::milliseconds{0};
        return "  <testsuite" + attribute("name", name) +
               attribute("tests", std::to_string(tests)) +
               attribute("failures", std::to_string(failures)) +
               attribute("errors", std::to_string(errors)) +
               attribute("skipped", std::to_string(skipped)) + attribute("time", seconds(took)) +
               attribute("timestamp", format_utc(run.finished).substr(0, 19)) + ">\n" +
               (stage != nullptr ? properties_of(*stage) : "") + cases + "  </testsuite>\n";
    }
};

std::string details(const Finding& finding) {
    std::string text = finding.message;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) text += std::string(" | ") + name + ": " + value;
    };
    add("seen", finding.evidence);
    add("measured", finding.measured);
    add("fix", std::string(finding_rule(finding.id).remedy));
    add("seen again", replay_words(finding));
    add("replay", finding.command);
    return escape_markup(text, 16'384);
}

void add_finding(const Finding& finding, Suite& suite) {
    const FindingRule& rule = finding_rule(finding.id);
    std::string test = finding.id + " " + std::string(rule.name);
    if (!finding.place.file.empty()) test += " " + finding.place.file;
    if (finding.place.line > 0) test += ":" + std::to_string(finding.place.line);
    if (!finding.place.rule.empty()) test += " " + finding.place.rule;
    if (!finding.input.empty()) test += " on " + finding.input;
    if (rejects(finding)) {
        ++suite.failures;
        suite.add(test, "<failure" + attribute("type", finding.id) +
                            attribute("message", finding.message) + ">" + details(finding) +
                            "</failure>");
    } else if (!finding.waived.empty()) {
        ++suite.skipped;
        suite.add(test, "<skipped" + attribute("message", "waived by " + finding.waived) + "/>");
    } else {
        suite.add(test, "<system-out>warning: " + details(finding) + "</system-out>");
    }
}

/// What became of the stage as a whole, as one case of its first suite.
void add_outcome(const StageReport& stage, Suite& suite) {
    const std::string test = stage.name + " as a whole, " + std::to_string(stage.executions) +
                             " of at least " + std::to_string(stage.executions_min) + " runs";
    if (stage.outcome == StageOutcome::kSkipped) {
        ++suite.skipped;
        suite.add(test, "<skipped" + attribute("message", stage.reason) + "/>");
    } else if (stage.outcome == StageOutcome::kInconclusive) {
        ++suite.errors;
        suite.add(test, "<error type=\"inconclusive\"" + attribute("message", stage.reason) + "/>");
    } else {
        suite.add(test, {});
    }
}

std::vector<Suite> suites_of(const Run& run, const StageReport& stage) {
    std::vector<Suite> suites{{.name = stage.name}};
    add_outcome(stage, suites.front());
    for (const Build& build : run.builds) {
        const std::string name = stage.name + " in " + build.label();
        // Two files may say the same of themselves; their findings cannot be told apart.
        if (std::ranges::find(suites, name, &Suite::name) == suites.end()) {
            suites.push_back({.name = name});
        }
    }
    for (const Finding& finding : run.findings) {
        if (finding.stage != stage.name) continue;
        const auto own =
            std::ranges::find(suites, stage.name + " in " + finding.build, &Suite::name);
        add_finding(finding, own == suites.end() ? suites.front() : *own);
    }
    std::erase_if(suites, [](const Suite& suite) { return suite.tests == 0; });
    return suites;
}

}  // namespace

std::string junit_report(const Run& run) {
    std::string body;
    Suite sum;
    for (const StageReport& stage : run.stages) {
        bool first = true;
        for (const Suite& suite : suites_of(run, stage)) {
            body += suite.xml(run, first ? &stage : nullptr);
            first = false;
            sum.tests += suite.tests;
            sum.failures += suite.failures;
            sum.errors += suite.errors;
            sum.skipped += suite.skipped;
        }
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
           attribute("name", "firebreak-validate " + run.request().bundle_name) +
           attribute("tests", std::to_string(sum.tests)) +
           attribute("failures", std::to_string(sum.failures)) +
           attribute("errors", std::to_string(sum.errors)) +
           attribute("skipped", std::to_string(sum.skipped)) + ">\n" + body + "</testsuites>\n";
}

}  // namespace firebreak::validator
