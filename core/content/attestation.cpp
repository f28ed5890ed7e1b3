#include "core/content/attestation.hpp"

#include <algorithm>

#include "core/base/utc.hpp"
#include "core/content/attestation_parts.hpp"

namespace firebreak::content {
namespace {

json::array to_array(const std::vector<std::string>& names) {
    json::array array;
    for (const std::string& name : names) array.emplace_back(name);
    return array;
}

json::array configuration_of(const Attestation& attestation) {
    json::array configuration;
    for (const AttestedBuild& build : attestation.builds) {
        configuration.push_back(
            json::object{{"name", build.engine},
                         {"digest", {{"sha256", build.sha256.hex()}}},
                         {"annotations", {{"kind", "engine-build"}, {"version", build.version}}}});
    }
    for (const AttestedCorpus& corpus : attestation.corpora) {
        configuration.push_back(
            json::object{{"name", corpus.name},
                         {"digest", {{"sha256", corpus.sha256.hex()}}},
                         {"annotations", {{"kind", "corpus"}, {"files", corpus.files}}}});
    }
    return configuration;
}

json::array novelty_of(const Attestation& attestation) {
    json::array array;
    for (const AttestedUse& use : attestation.novelty) {
        array.push_back(json::object{{"contract", use.contract},
                                     {"field", use.field},
                                     {"operator", use.op},
                                     {"action", use.action}});
    }
    return array;
}

json::array waivers_of(const Attestation& attestation) {
    json::array array;
    for (const AttestedWaiver& waiver : attestation.waivers) {
        array.push_back(json::object{{"finding", waiver.finding},
                                     {"rule", waiver.rule},
                                     {"file", waiver.file},
                                     {"fingerprint", waiver.fingerprint},
                                     {"reason", waiver.reason},
                                     {"who", waiver.who},
                                     {"expires", format_utc(waiver.expires)},
                                     {"findings", waiver.findings}});
    }
    return array;
}

json::array twins_of(const Attestation& attestation) {
    json::array array;
    for (const AttestedTwin& twin : attestation.twins) {
        array.push_back(json::object{
            {"of", twin.of.hex()}, {"sha256", twin.sha256.hex()}, {"sandbox", twin.sandbox}});
    }
    return array;
}

json::array coverage_of(const Attestation& attestation) {
    json::array array;
    for (const AttestedCoverage& each : attestation.coverage) {
        array.push_back(json::object{{"build", each.build},
                                     {"rules", each.rules},
                                     {"rules_matched", each.rules_matched},
                                     {"uses", each.uses},
                                     {"read", each.read},
                                     {"both_ways", each.both}});
    }
    return array;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kAdmitted: return "admitted";
        case Verdict::kRejected: return "rejected";
        case Verdict::kInconclusive: return "inconclusive";
    }
    return "inconclusive";
}

TestLists lists_of(const std::vector<AttestedStage>& stages) {
    TestLists lists;
    for (const AttestedStage& stage : stages) {
        if (stage.outcome == "skipped") continue;
        if (stage.outcome != "passed") {
            lists.failed.push_back(stage.name);
        } else if (stage.findings > 0) {
            lists.warned.push_back(stage.name);
        } else {
            lists.passed.push_back(stage.name);
        }
    }
    return lists;
}

std::string_view result_of(const Attestation& attestation) {
    if (attestation.verdict != Verdict::kAdmitted) return "FAILED";
    const bool clean = lists_of(attestation.stages).warned.empty() && attestation.waivers.empty();
    return clean ? "PASSED" : "WARNED";
}

const AttestedWaiver* expired_waiver(const Attestation& attestation, std::chrono::sys_seconds now) {
    const auto found = std::ranges::find_if(
        attestation.waivers, [now](const AttestedWaiver& waiver) { return waiver.expires <= now; });
    return found == attestation.waivers.end() ? nullptr : &*found;
}

json::value to_statement(const Attestation& attestation) {
    json::array stages;
    for (const AttestedStage& stage : attestation.stages) {
        stages.push_back(json::object{{"name", stage.name},
                                      {"outcome", stage.outcome},
                                      {"executions", stage.executions},
                                      {"cached", stage.cached},
                                      {"findings", stage.findings}});
    }
    json::object extension{{"verdict", name_of(attestation.verdict)},
                           {"stream", attestation.stream},
                           {"counter", attestation.counter},
                           {"profile", attestation.profile},
                           {"seed", std::to_string(attestation.seed)},
                           {"sandbox", attestation.sandbox},
                           {"validator_version", attestation.validator_version},
                           {"finished", format_utc(attestation.finished)},
                           {"stages", std::move(stages)},
                           {"previous", attestation.previous ? attestation.previous->hex() : ""},
                           {"novelty", novelty_of(attestation)},
                           {"waivers", waivers_of(attestation)},
                           {"coverage", coverage_of(attestation)},
                           {"twins", twins_of(attestation)}};
    const TestLists lists = lists_of(attestation.stages);
    return json::object{
        {"_type", kStatementType},
        {"subject", json::array{json::object{{"name", attestation.bundle_name},
                                             {"digest", {{"sha256", attestation.bundle.hex()}}}}}},
        {"predicateType", kTestResultPredicate},
        {"predicate", json::object{{"result", result_of(attestation)},
                                   {"configuration", configuration_of(attestation)},
                                   {"passedTests", to_array(lists.passed)},
                                   {"warnedTests", to_array(lists.warned)},
                                   {"failedTests", to_array(lists.failed)},
                                   {kExtension, std::move(extension)}}}};
}

}  // namespace firebreak::content
