#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/content/attestation.hpp"
#include "core/signing/dsse.hpp"
#include "core/signing/key_file.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kAttestationBytesMax = 8U << 20U;
constexpr std::uint64_t kBundleBytesMax = 512U << 20U;
constexpr std::uint64_t kKeyFileBytesMax = 64U << 10U;

/// A public key as `firebreak keys show` saves it, or the public half of a key file.
Result<trust::Key> read_public_key(const FileStore& files, const std::string& path) {
    const Result<Bytes> file = files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error().seen_from("--key"));
    const Result<json::value> value = parse_json(text_of(*file));
    if (!value) return fail(value.error().seen_from(path));
    const json::object* object = value->if_object();
    const bool bare = object != nullptr && object->contains("keyval");
    Result<trust::Key> key = bare ? trust::Key::from_json(*value) : signing::public_key_of(*file);
    if (!key) return fail(key.error().seen_from(path));
    return key;
}

/// The attestation in `envelope`, if `key` signed it.
Result<content::Attestation> open_envelope(ByteView envelope, const trust::Key& key) {
    const Result<signing::DsseEnvelope> parsed = signing::parse_dsse(envelope);
    if (!parsed) return fail(parsed.error());
    const Result<Bytes> payload = signing::verify_dsse(*parsed, {key}, 1);
    if (!payload) return fail(payload.error());
    if (parsed->payload_type != content::kStatementPayloadType) {
        return fail(Errc::kMalformed,
                    "payloadType: not " + std::string(content::kStatementPayloadType));
    }
    return content::parse_statement(text_of(*payload));
}

std::string summary(const content::Attestation& attestation, const Terminal& terminal) {
    const bool admitted = attestation.verdict == content::Verdict::kAdmitted;
    const std::string verdict(to_string(attestation.verdict));
    std::string text = (admitted ? terminal.good(verdict) : terminal.bad(verdict)) + "  " +
                       attestation.bundle_name + "  " + attestation.stream + "/" +
                       std::to_string(attestation.counter) + ", profile " + attestation.profile +
                       ", finished " + format_utc(attestation.finished) + "\n";
    for (const content::AttestedBuild& build : attestation.builds) {
        text +=
            "  build    " + build.engine + " " + build.version + ", " + build.sha256.hex() + "\n";
    }
    for (const content::AttestedCorpus& corpus : attestation.corpora) {
        text += "  corpus   " + corpus.name + ", " + std::to_string(corpus.files) + " files, " +
                corpus.sha256.hex() + "\n";
    }
    return text + "  sandbox  " + attestation.sandbox + "\n";
}

}  // namespace

int verify_attestation(const World& world, const VerifyOptions& options) {
    const Result<Bytes> envelope = world.files.read(options.attestation, kAttestationBytesMax);
    if (!envelope)
        return complain(kExitUsage, envelope.error().seen_from("attestation").to_string());
    const Result<Bytes> bundle = world.files.read(options.bundle, kBundleBytesMax);
    if (!bundle) return complain(kExitUsage, bundle.error().seen_from("--bundle").to_string());
    const Result<trust::Key> key = read_public_key(world.files, options.key);
    if (!key) return complain(kExitUsage, key.error().to_string());

    const Result<content::Attestation> attestation = open_envelope(*envelope, *key);
    if (!attestation) {
        return complain(kExitRejected,
                        attestation.error().seen_from(options.attestation).to_string());
    }
    if (attestation->bundle != sha256(*bundle)) {
        return complain(kExitRejected, options.attestation + ": is about another bundle, " +
                                           attestation->bundle.hex());
    }
    const std::string text = world.terminal.json()
                                 ? pretty_json(content::to_statement(*attestation))
                                 : summary(*attestation, world.terminal);
    if (!print(text)) return complain(kExitInconclusive, "cannot write to stdout");
    return attestation->verdict == content::Verdict::kAdmitted ? kExitAdmitted : kExitRejected;
}

}  // namespace firebreak::validator
