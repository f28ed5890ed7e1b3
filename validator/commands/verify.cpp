#include <algorithm>

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
    for (const content::AttestedTwin& twin : attestation.twins) {
        text += "  twin     " + twin.sha256.hex() + " of " + twin.of.hex() + "\n";
    }
    for (const content::AttestedCorpus& corpus : attestation.corpora) {
        text += "  corpus   " + corpus.name + ", " + std::to_string(corpus.files) + " files, " +
                corpus.sha256.hex() + "\n";
    }
    for (const content::AttestedCoverage& each : attestation.coverage) {
        text += "  coverage " + each.build + ", " + std::to_string(each.read) + " of " +
                std::to_string(each.uses) + " uses of fields read, " + std::to_string(each.both) +
                " met and missed; " + std::to_string(each.rules_matched) + " of " +
                std::to_string(each.rules) + " rules matched\n";
    }
    text += "  sandbox  " + attestation.sandbox + "\n";
    if (!attestation.novelty.empty()) {
        text += "  novelty  " + std::to_string(attestation.novelty.size()) + " first uses" +
                (attestation.previous ? "" : ", with no last release to compare with") + "\n";
    }
    for (const content::AttestedWaiver& waiver : attestation.waivers) {
        text += "  waived   " + std::to_string(waiver.findings) + " x " + waiver.finding + " " +
                waiver.rule + waiver.file + " by " + waiver.who + ", until " +
                format_utc(waiver.expires) + ": " + waiver.reason + "\n";
    }
    return text;
}

/// What a deployer asks of an attestation beyond that it is genuine and says "admitted".
Result<void> check_demands(const content::Attestation& attestation, const VerifyOptions& options,
                           std::chrono::sys_seconds now) {
    if (options.no_waivers && !attestation.waivers.empty()) {
        return fail(Errc::kDenied, "an error was waived: " + attestation.waivers[0].finding +
                                       " by " + attestation.waivers[0].who);
    }
    if (const content::AttestedWaiver* waiver = content::expired_waiver(attestation, now)) {
        return fail(Errc::kDenied, "a waiver of " + waiver->finding + " expired on " +
                                       format_utc(waiver->expires));
    }
    for (const std::string& wanted : options.builds) {
        const Result<Sha256> digest = Sha256::from_hex(wanted);
        if (!digest) return fail(digest.error().seen_from("--build " + wanted));
        if (std::ranges::find(attestation.builds, *digest, &content::AttestedBuild::sha256) ==
            attestation.builds.end()) {
            return fail(Errc::kDenied, "build " + wanted + " was not driven");
        }
    }
    if (attestation.finished > now + std::chrono::minutes{5}) {
        return fail(Errc::kDenied, "it is of the future: " + format_utc(attestation.finished));
    }
    const std::chrono::hours age_max{options.age_hours_max};
    if (options.age_hours_max > 0 && attestation.finished < now - age_max) {
        return fail(Errc::kDenied, "it is of " + format_utc(attestation.finished) +
                                       ", older than " + std::to_string(options.age_hours_max) +
                                       " hours");
    }
    return {};
}

}  // namespace

int verify_attestation(const World& world, const VerifyOptions& options) {
    const Result<Bytes> envelope = world.files.read(options.attestation, kAttestationBytesMax);
    if (!envelope)
        return complain(kExitUsage, envelope.error().seen_from("attestation").to_string());
    const Result<Bytes> bundle = world.files.read(options.bundle, kBundleBytesMax);
    if (!bundle) return complain(kExitUsage, bundle.error().seen_from("--bundle").to_string());
    const Result<trust::Key> key = read_public_key(world.files, "--key", options.key);
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
    const auto now = std::chrono::floor<std::chrono::seconds>(world.clock.now());
    if (const Result<void> met = check_demands(*attestation, options, now); !met) {
        const bool usage = met.error() != Errc::kDenied;
        return complain(usage ? kExitUsage : kExitRejected,
                        met.error().seen_from(options.attestation).context());
    }
    const std::string text = world.terminal.json()
                                 ? pretty_json(content::to_statement(*attestation))
                                 : summary(*attestation, world.terminal);
    if (!print(text)) return complain(kExitInconclusive, "cannot write to stdout");
    return attestation->verdict == content::Verdict::kAdmitted ? kExitAdmitted : kExitRejected;
}

}  // namespace firebreak::validator
