#include "tests/unit/server/release_kit.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/content/bundle.hpp"
#include "core/signing/dsse.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::test {

ReleaseKit::ReleaseKit(Vendor& vendor, std::int64_t counter, std::chrono::sys_seconds now,
                       const std::string& stream)
    : vendor_(vendor) {
    manifest.stream = stream;
    manifest.counter = counter;
    manifest.content_type = "yara-source";
    manifest.author = "tester";
    const std::string rule = "rule r" + std::to_string(counter) + " { condition: false }\n";
    Result<Bytes> packed = content::pack_bundle(manifest, {{"rule.yar", to_bytes(rule)}});
    FIREBREAK_CHECK(packed.has_value());
    bundle_ = std::move(*packed);

    attestation.bundle = sha256(bundle_);
    attestation.bundle_name = stream + "-" + std::to_string(counter) + ".fbb";
    attestation.stream = stream;
    attestation.counter = counter;
    attestation.verdict = content::Verdict::kAdmitted;
    attestation.profile = "gate";
    attestation.sandbox = "seccomp";
    attestation.builds = {{"yara", "4.2.3", sha256(bytes_of("engine"))}};
    attestation.stages = {{"load", "passed", 1, 0}};
    attestation.validator_version = "0.1.0";
    attestation.finished = now;

    plan = small_plan({"canary", "early", "broad"});
    terms.counter = counter;
    terms.builds = {sha256(bytes_of("engine"))};
    for (const rollout::Ring& ring : plan.rings) {
        terms.ceiling.push_back({ring.name, now, trust::kPpbAll});
    }
}

Bytes ReleaseKit::envelope() const {
    const std::string statement = json::serialize(content::to_statement(attestation));
    const signing::Ed25519Signer key = RepositorySimulator::signer(attester);
    Result<Bytes> envelope = signing::sign_dsse(payload_type, bytes_of(statement), {&key});
    FIREBREAK_CHECK(envelope.has_value());
    return std::move(*envelope);
}

std::string ReleaseKit::target() const {
    return "content/" + manifest.stream + "/" + std::to_string(manifest.counter) + ".fbb";
}

void ReleaseKit::list() {
    if (terms_name_attestation) terms.attestation = sha256(envelope());
    vendor_.content.targets[target()] = {
        bundle_.size(), {{"sha256", sha256(bundle_).hex()}}, trust::to_json(terms)};
    ++vendor_.content.version;
}

server::ReleaseDocuments ReleaseKit::documents() const {
    server::ReleaseDocuments documents;
    documents.bundle = sha256(bundle_);
    documents.bundle_length = bundle_.size();
    documents.manifest = manifest;
    documents.attestation_envelope = envelope();
    documents.attestation = sha256(documents.attestation_envelope);
    documents.content_role = vendor_.signed_content();
    documents.plan = rollout::to_json(plan);
    documents.publisher = "operator:alice";
    return documents;
}

}  // namespace firebreak::test
