#include <boost/json/serialize.hpp>

#include "core/signing/dsse.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {

content::Attestation attestation_of(const Run& run) {
    content::Attestation attestation{
        .bundle = sha256(run.request().bundle),
        .bundle_name = run.request().bundle_name,
        .stream = run.bundle ? run.bundle->manifest.stream : std::string(),
        .counter = run.bundle ? run.bundle->manifest.counter : 0,
        .verdict = run.verdict(),
        .profile = std::string(to_string(run.request().profile)),
        .seed = run.request().seed,
        .sandbox = run.sandbox_level(),
        .builds = {},
        .corpora = run.corpora,
        .stages = {},
        .coverage = run.coverage,
        .previous =
            run.request().previous ? std::optional(sha256(*run.request().previous)) : std::nullopt,
        .novelty = run.novelty,
        .validator_version = validator_version(),
        .finished = run.finished,
    };
    for (const Build& build : run.builds) {
        attestation.builds.push_back(
            {build.capabilities.name, build.capabilities.version, build.file.sha256});
    }
    for (const Twin& twin : run.twins) {
        attestation.twins.push_back(
            {.of = twin.of, .sha256 = twin.build.file.sha256, .sandbox = run.twin_sandbox_level()});
    }
    for (std::size_t index = 0; index < run.waived().size(); ++index) {
        if (run.waived()[index] == 0) continue;
        const Waiver& waiver = run.request().waivers[index];
        attestation.waivers.push_back({.finding = waiver.finding,
                                       .rule = waiver.rule,
                                       .file = waiver.file,
                                       .fingerprint = waiver.fingerprint,
                                       .reason = waiver.reason,
                                       .who = waiver.who,
                                       .expires = waiver.expires,
                                       .findings = run.waived()[index]});
    }
    for (const StageReport& stage : run.stages) {
        attestation.stages.push_back({stage.name, std::string(to_string(stage.outcome)),
                                      stage.executions, stage.findings, stage.cached});
    }
    return attestation;
}

Result<Bytes> signed_attestation(const Run& run, const signing::Signer& signer) {
    const std::string statement = json::serialize(content::to_statement(attestation_of(run)));
    return signing::sign_dsse(content::kStatementPayloadType, bytes_of(statement), {&signer});
}

}  // namespace firebreak::validator
