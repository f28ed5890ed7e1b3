#include "core/base/utc.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

json::object message(std::string_view text) {
    return {{"text", text}};
}

json::array rules() {
    json::array array;
    for (const FindingRule& rule : finding_rules()) {
        array.push_back(json::object{{"id", rule.id},
                                     {"name", rule.name},
                                     {"shortDescription", message(rule.title)},
                                     {"help", message(rule.remedy)},
                                     {"defaultConfiguration", {{"level", to_string(rule.level)}}}});
    }
    return array;
}

json::object location(const Place& place) {
    json::object physical{{"artifactLocation", {{"uri", place.file}}}};
    if (place.line > 0) physical["region"] = json::object{{"startLine", place.line}};
    json::object result{{"physicalLocation", std::move(physical)}};
    if (!place.rule.empty()) {
        result["logicalLocations"] = json::array{json::object{{"name", place.rule}}};
    }
    return result;
}

json::object result_of(const Finding& finding, std::size_t rule_index) {
    const FindingRule& rule = finding_rule(finding.id);
    json::object properties{{"stage", finding.stage}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) properties[name] = value;
    };
    add("build", finding.build);
    add("input", finding.input);
    add("evidence", finding.evidence);
    add("measured", finding.measured);
    add("reproducer", finding.reproducer);
    add("command", finding.command);
    add("seen_again", replay_words(finding));
    add("minimised", finding.minimised);
    // File names of content are safe_name()s, so they are relative URIs as they stand. A finding
    // that is
    // about no file is about the manifest, which SARIF viewers need as a place.
    Place place = finding.place;
    if (place.file.empty()) place.file = "manifest.json";
    json::object result{{"ruleId", finding.id},
                        {"ruleIndex", rule_index},
                        {"level", to_string(rule.level)},
                        {"message", message(finding.message)},
                        {"locations", json::array{location(place)}},
                        {"partialFingerprints", {{"firebreak/v1", fingerprint(finding)}}},
                        {"properties", std::move(properties)}};
    if (!finding.waived.empty()) {
        result["suppressions"] =
            json::array{json::object{{"kind", "external"}, {"justification", finding.waived}}};
    }
    return result;
}

/// What each stage did, and what it had to do.
json::array stage_figures(const Run& run) {
    json::array stages;
    for (const StageReport& stage : run.stages) {
        stages.push_back(json::object{{"name", stage.name},
                                      {"outcome", to_string(stage.outcome)},
                                      {"executions", stage.executions},
                                      {"executionsMin", stage.executions_min},
                                      {"milliseconds", stage.took.count()},
                                      {"millisecondsMax", stage.budget.count()}});
    }
    return stages;
}

}  // namespace

json::value sarif_report(const Run& run) {
    json::array results;
    for (const Finding& finding : run.findings) {
        const auto index =
            static_cast<std::size_t>(&finding_rule(finding.id) - finding_rules().data());
        results.push_back(result_of(finding, index));
    }
    json::array notifications;
    bool complete = true;
    for (const StageReport& stage : run.stages) {
        const bool looked =
            stage.outcome == StageOutcome::kPassed || stage.outcome == StageOutcome::kFailed;
        complete &= looked;
        if (looked) continue;
        notifications.push_back(json::object{
            {"level", "error"},
            {"message", message(stage.name + " is " + std::string(to_string(stage.outcome)) + ": " +
                                stage.reason)}});
    }
    json::object driver{
        {"name", "firebreak-validate"}, {"version", validator_version()}, {"rules", rules()}};
    json::object invocation{{"executionSuccessful", complete},
                            {"endTimeUtc", format_utc(run.finished)},
                            {"toolExecutionNotifications", std::move(notifications)},
                            {"properties", {{"stages", stage_figures(run)}}}};
    json::object sarif_run{{"tool", {{"driver", std::move(driver)}}},
                           {"invocations", json::array{std::move(invocation)}},
                           {"columnKind", "utf16CodeUnits"},
                           {"results", std::move(results)}};
    return json::object{
        {"$schema", kSchema}, {"version", "2.1.0"}, {"runs", json::array{std::move(sarif_run)}}};
}

}  // namespace firebreak::validator
