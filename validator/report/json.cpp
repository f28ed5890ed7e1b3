#include "core/base/utc.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

json::object bundle_object(const Run& run) {
    json::object object{{"name", run.request().bundle_name},
                        {"sha256", sha256(run.request().bundle).hex()},
                        {"bytes", run.request().bundle.size()}};
    if (!run.bundle) return object;
    object["stream"] = run.bundle->manifest.stream;
    object["counter"] = run.bundle->manifest.counter;
    object["content_type"] = run.bundle->manifest.content_type;
    object["files"] = run.bundle->files.size();
    return object;
}

json::object stage_object(const StageReport& stage) {
    return {{"name", stage.name},
            {"outcome", to_string(stage.outcome)},
            {"reason", stage.reason},
            {"executions", stage.executions},
            {"cached", stage.cached},
            {"findings", stage.findings},
            {"milliseconds", stage.took.count()},
            {"executions_min", stage.executions_min},
            {"budget_milliseconds", stage.budget.count()}};
}

json::object finding_object(const Finding& finding) {
    const FindingRule& rule = finding_rule(finding.id);
    return {{"id", finding.id},
            {"name", rule.name},
            {"level", to_string(rule.level)},
            {"stage", finding.stage},
            {"message", finding.message},
            {"file", finding.place.file},
            {"line", finding.place.line},
            {"rule", finding.place.rule},
            {"build", finding.build},
            {"input", finding.input},
            {"evidence", finding.evidence},
            {"measured", finding.measured},
            {"remedy", rule.remedy},
            {"reproducer", finding.reproducer},
            {"command", finding.command},
            {"waived", finding.waived},
            {"seen_again", replay_words(finding)},
            {"minimised", finding.minimised},
            {"fingerprint", fingerprint(finding)}};
}

json::object build_object(const Build& build) {
    return {{"engine", build.capabilities.name},       {"version", build.capabilities.version},
            {"build_id", build.capabilities.build_id}, {"sha256", build.file.sha256.hex()},
            {"path", build.file.path.string()},        {"rules", build.rules}};
}

json::array twin_array(const Run& run) {
    json::array array;
    for (const Twin& twin : run.twins) {
        json::object object = build_object(twin.build);
        object["of"] = twin.of.hex();
        object["sandbox"] = run.twin_sandbox_level();
        array.push_back(std::move(object));
    }
    return array;
}

json::array novelty_array(const Run& run) {
    json::array array;
    for (const content::AttestedUse& use : run.novelty) {
        array.push_back(json::object{{"contract", use.contract},
                                     {"field", use.field},
                                     {"operator", use.op},
                                     {"action", use.action}});
    }
    return array;
}

/// All that were given, those that took in nothing as well.
json::array waiver_array(const Run& run) {
    json::array array;
    for (std::size_t index = 0; index < run.waived().size(); ++index) {
        const Waiver& waiver = run.request().waivers[index];
        array.push_back(json::object{{"finding", waiver.finding},
                                     {"rule", waiver.rule},
                                     {"file", waiver.file},
                                     {"fingerprint", waiver.fingerprint},
                                     {"reason", waiver.reason},
                                     {"who", waiver.who},
                                     {"expires", format_utc(waiver.expires)},
                                     {"findings", run.waived()[index]}});
    }
    return array;
}

}  // namespace

json::value json_report(const Run& run) {
    json::array builds;
    for (const Build& build : run.builds) {
        builds.push_back(build_object(build));
    }
    json::array corpora;
    for (const content::AttestedCorpus& corpus : run.corpora) {
        corpora.push_back(json::object{
            {"name", corpus.name}, {"sha256", corpus.sha256.hex()}, {"files", corpus.files}});
    }
    json::array coverage;
    for (const FieldCoverage& each : run.coverage) {
        coverage.push_back(json::object{{"build", each.build},
                                        {"rules", each.rules},
                                        {"rules_matched", each.rules_matched},
                                        {"uses", each.uses},
                                        {"read", each.read},
                                        {"both_ways", each.both}});
    }
    json::array stages;
    for (const StageReport& stage : run.stages) stages.push_back(stage_object(stage));
    json::array findings;
    for (const Finding& finding : run.findings) findings.push_back(finding_object(finding));
    json::array notes;
    for (const std::string& note : run.notes) notes.emplace_back(note);
    json::array measured;
    for (const std::string& note : run.measured) measured.emplace_back(note);
    return json::object{{"format", "firebreak-validation-report/1"},
                        {"verdict", to_string(run.verdict())},
                        {"bundle", bundle_object(run)},
                        {"profile", to_string(run.request().profile)},
                        {"seed", std::to_string(run.request().seed)},
                        {"sandbox", run.sandbox_level()},
                        {"validator", validator_version()},
                        {"finished", format_utc(run.finished)},
                        {"builds", std::move(builds)},
                        {"twins", twin_array(run)},
                        {"corpora", std::move(corpora)},
                        {"coverage", std::move(coverage)},
                        {"stages", std::move(stages)},
                        {"findings", std::move(findings)},
                        {"novelty", novelty_array(run)},
                        {"waivers", waiver_array(run)},
                        {"notes", std::move(notes)},
                        {"measured", std::move(measured)}};
}

}  // namespace firebreak::validator
