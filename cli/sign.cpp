#include "cli/sign.hpp"

#include <algorithm>

#include "cli/keys.hpp"
#include "cli/plan.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/content/attestation.hpp"
#include "core/content/bundle.hpp"
#include "core/signing/dsse.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kMetadataBytesMax = 8U << 20U;

/// Evidence that has been checked: an admitted attestation over exactly these bytes.
struct Release {
    content::Manifest manifest;
    content::Attestation attestation;
    Sha256 bundle;
    Sha256 envelope;
    std::uint64_t length = 0;

    std::string path() const {
        return "content/" + manifest.stream + "/" + std::to_string(manifest.counter) + ".fbb";
    }
};

Result<content::Attestation> verify_attestation(const Context& context, const Evidence& evidence,
                                                ByteView envelope_bytes) {
    const Result<trust::Key> validator = read_public_key(context, evidence.validator_key);
    if (!validator) return fail(validator.error());
    const Result<signing::DsseEnvelope> envelope = signing::parse_dsse(envelope_bytes);
    if (!envelope) return fail(envelope.error().seen_from(evidence.attestation));
    const Result<Bytes> payload = signing::verify_dsse(*envelope, {*validator}, 1);
    if (!payload || envelope->payload_type != content::kStatementPayloadType) {
        return fail(Errc::kBadInput, evidence.attestation + ": not signed by the validator key " +
                                         evidence.validator_key);
    }
    Result<content::Attestation> attestation = content::parse_statement(text_of(*payload));
    if (!attestation) return fail(attestation.error().seen_from(evidence.attestation));
    return attestation;
}

Result<Release> check_evidence(const Context& context, const Evidence& evidence) {
    const Result<Bytes> bundle_bytes =
        context.files.read(evidence.bundle, content::BundleLimits{}.bundle_bytes_max);
    if (!bundle_bytes) return fail(bundle_bytes.error());
    Result<content::Bundle> bundle = content::unpack_bundle(*bundle_bytes);
    if (!bundle) return fail(bundle.error().seen_from(evidence.bundle));
    const Result<Bytes> envelope = context.files.read(evidence.attestation, kMetadataBytesMax);
    if (!envelope) return fail(envelope.error());
    Result<content::Attestation> attestation = verify_attestation(context, evidence, *envelope);
    if (!attestation) return fail(attestation.error());

    if (attestation->bundle != bundle->sha256) {
        return fail(Errc::kBadInput, evidence.attestation + ": is about another bundle (" +
                                         attestation->bundle.hex() + "), not " + evidence.bundle);
    }
    if (attestation->verdict != content::Verdict::kAdmitted) {
        return fail(Errc::kBadInput, evidence.attestation +
                                         ": the validator did not admit this bundle; mend it and "
                                         "validate again");
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(context.clock.now());
    if (const auto* waiver = content::expired_waiver(*attestation, now)) {
        return fail(Errc::kBadInput, evidence.attestation + ": the waiver of " + waiver->finding +
                                         " by " + waiver->who + " expired on " +
                                         format_utc(waiver->expires) +
                                         "; mend the content and validate again");
    }
    return Release{.manifest = std::move(bundle->manifest),
                   .attestation = std::move(*attestation),
                   .bundle = bundle->sha256,
                   .envelope = sha256(*envelope),
                   .length = bundle_bytes->size()};
}

/// Whoever signs a release learns which of the validator's errors somebody decided to ship.
std::string waived_lines(const content::Attestation& attestation) {
    std::string text;
    for (const content::AttestedWaiver& waiver : attestation.waivers) {
        text += "  waived: " + std::to_string(waiver.findings) + " x " + waiver.finding + " " +
                waiver.rule + waiver.file + " by " + waiver.who + ", until " +
                format_utc(waiver.expires) + ": " + waiver.reason + "\n";
    }
    return text;
}

trust::ContentTerms terms_of(const Release& release, std::int64_t floor) {
    trust::ContentTerms terms;
    terms.counter = release.manifest.counter;
    for (const content::AttestedBuild& build : release.attestation.builds) {
        terms.builds.push_back(build.sha256);
    }
    terms.attestation = release.envelope;
    terms.floor = floor;
    return terms;
}

/// The counter in "content/<stream>/<counter>.fbb" as the terms say it; 0 when they cannot be read.
std::int64_t counter_of(const trust::TargetFile& file) {
    const Result<trust::ContentTerms> terms = trust::parse_content_terms(file.custom);
    return terms ? terms->counter : 0;
}

/// Drops the oldest releases of `stream` past `window`, so that the metadata stays small.
void keep_newest(trust::Targets& targets, const std::string& stream, std::size_t window) {
    const std::string prefix = "content/" + stream + "/";
    std::vector<std::pair<std::int64_t, std::string>> releases;
    for (const auto& [path, file] : targets.targets) {
        if (path.starts_with(prefix)) releases.emplace_back(counter_of(file), path);
    }
    std::ranges::sort(releases, std::greater<>());
    for (std::size_t i = window; i < releases.size(); ++i) {
        targets.targets.erase(releases[i].second);
    }
}

Result<trust::Targets> read_content_role(const Context& context, const std::string& path) {
    const Result<Bytes> bytes = context.files.read(path, kMetadataBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<trust::Envelope> envelope = trust::parse_envelope(*bytes);
    if (!envelope) return fail(envelope.error().seen_from(path));
    Result<trust::Targets> targets = trust::parse_targets(envelope->signed_part);
    if (!targets) return fail(targets.error().seen_from(path));
    return targets;
}

Result<std::chrono::sys_seconds> start_of_ceiling(const Context& context,
                                                  const std::string& not_before) {
    if (not_before.empty()) return std::chrono::floor<std::chrono::seconds>(context.clock.now());
    Result<std::chrono::sys_seconds> time = parse_utc(not_before);
    if (!time) return fail(time.error().seen_from("--not-before"));
    return time;
}

/// All that is signed at once, by counter.
Result<std::vector<Release>> check_all(const Context& context,
                                       const std::vector<Evidence>& evidence) {
    std::vector<Release> releases;
    for (const Evidence& each : evidence) {
        Result<Release> release = check_evidence(context, each);
        if (!release) return fail(release.error());
        if (!releases.empty() && release->manifest.stream != releases[0].manifest.stream) {
            return fail(Errc::kBadInput,
                        each.bundle + ": is of another stream than " + evidence.front().bundle);
        }
        releases.push_back(std::move(*release));
    }
    std::ranges::sort(releases, {}, [](const Release& each) { return each.manifest.counter; });
    return releases;
}

/// What `targets` lists as `release` must be what the signer has before him: same bytes, same
/// attestation.
Result<void> check_listed(const trust::Targets& targets, const Release& release,
                          const std::string& file) {
    const auto found = targets.targets.find(release.path());
    if (found == targets.targets.end()) {
        return fail(Errc::kBadInput, file + ": does not list " + release.path());
    }
    const Result<trust::ContentTerms> terms = trust::parse_content_terms(found->second.custom);
    if (!terms) return fail(terms.error().seen_from(file));
    const auto hash = found->second.hashes.find("sha256");
    if (hash == found->second.hashes.end() || hash->second != release.bundle.hex() ||
        found->second.length != release.length || terms->attestation != release.envelope ||
        terms->counter != release.manifest.counter ||
        terms->builds != terms_of(release, 0).builds) {
        return fail(Errc::kBadInput, file + ": what it says of " + release.path() +
                                         " is not what the bundle and its attestation say");
    }
    return {};
}

/// And nothing newer may be listed than what he has.
Result<void> check_newest(const trust::Targets& targets, const Release& release,
                          const std::string& file) {
    for (const auto& [path, other] : targets.targets) {
        if (path.starts_with("content/" + release.manifest.stream + "/") &&
            counter_of(other) > release.manifest.counter) {
            return fail(Errc::kBadInput,
                        file + ": lists a newer release, " + path + "; give its evidence instead");
        }
    }
    return {};
}

/// Lists `release` in `targets`, for the rings of `plan`.
Result<void> add_release(trust::Targets& targets, const Release& release, const rollout::Plan& plan,
                         std::chrono::sys_seconds not_before, const SignReleaseOptions& options) {
    const std::string prefix = "content/" + release.manifest.stream + "/";
    for (const auto& [path, file] : targets.targets) {
        if (path.starts_with(prefix) && counter_of(file) >= release.manifest.counter) {
            return fail(Errc::kBadInput, options.current + ": already lists " + path +
                                             "; pack the bundle again with a higher --counter");
        }
    }
    trust::ContentTerms terms = terms_of(release, options.floor);
    for (const rollout::Ring& ring : plan.rings) {
        terms.ceiling.push_back({ring.name, not_before, trust::kPpbAll});
    }
    targets.targets[release.path()] = {.length = release.length,
                                       .hashes = {{"sha256", release.bundle.hex()}},
                                       .custom = trust::to_json(terms)};
    return {};
}

}  // namespace

Result<Output> draft_release(const Context& context, const SignReleaseOptions& options) {
    const Result<std::vector<Release>> releases = check_all(context, options.evidence);
    if (!releases) return fail(releases.error());
    if (releases->empty()) return fail(Errc::kBadInput, "--bundle: give one");
    Result<trust::Targets> targets = read_content_role(context, options.current);
    if (!targets) return fail(targets.error());
    const Result<rollout::Plan> plan = read_plan(context, options.plan);
    if (!plan) return fail(plan.error());
    const Result<std::chrono::sys_seconds> not_before =
        start_of_ceiling(context, options.not_before);
    if (!not_before) return fail(not_before.error());

    std::string waived;
    for (const Release& release : *releases) {
        const auto added = add_release(*targets, release, *plan, *not_before, options);
        if (!added) return fail(added.error());
        waived += waived_lines(release.attestation);
    }
    const Release& newest = releases->back();
    // What is signed now is not dropped by the same hand.
    const std::size_t window = std::max(static_cast<std::size_t>(options.window), releases->size());
    keep_newest(*targets, newest.manifest.stream, window);
    targets->version += 1;
    targets->expires = std::chrono::floor<std::chrono::seconds>(context.clock.now()) +
                       std::chrono::days{options.lifetime_days};
    const Bytes draft = trust::serialize_envelope(trust::to_json(*targets), {});
    const auto written = context.files.write(options.out, draft, FileMode::kPublic);
    if (!written) return fail(written.error());
    return Output{.text = options.out + ": content version " + std::to_string(targets->version) +
                          " drafted with " + newest.path() +
                          (releases->size() == 1
                               ? ""
                               : " and " + std::to_string(releases->size() - 1) + " before it") +
                          ", to be signed with 'firebreak sign add'\n" + waived,
                  .data = {{"file", options.out},
                           {"version", targets->version},
                           {"target", newest.path()},
                           {"sha256", newest.bundle.hex()}}};
}

Result<Output> add_signature(const Context& context, const SignAddOptions& options) {
    const Result<Bytes> bytes = context.files.read(options.file, kMetadataBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<trust::Envelope> envelope = trust::parse_envelope(*bytes);
    if (!envelope) return fail(envelope.error().seen_from(options.file));

    std::string waived;
    if (const Result<trust::Targets> targets = trust::parse_targets(envelope->signed_part);
        targets && !targets->targets.empty()) {
        if (options.evidence.empty()) {
            return fail(Errc::kBadInput,
                        options.file +
                            ": lists content; give --bundle, --attestation and "
                            "--validator-key, nobody signs what he has not checked");
        }
        const Result<std::vector<Release>> releases = check_all(context, options.evidence);
        if (!releases) return fail(releases.error());
        for (const Release& release : *releases) {
            if (const auto listed = check_listed(*targets, release, options.file); !listed) {
                return fail(listed.error());
            }
            waived += waived_lines(release.attestation);
        }
        const auto newest = check_newest(*targets, releases->back(), options.file);
        if (!newest) return fail(newest.error());
    }
    const Result<signing::Ed25519Signer> signer =
        open_signer(context, options.key, options.passphrase_file);
    if (!signer) return fail(signer.error());
    const Result<Bytes> signed_bytes = signing::add_signature(*bytes, *signer);
    if (!signed_bytes) return fail(signed_bytes.error().seen_from(options.file));
    const auto written = context.files.write(options.file, *signed_bytes, FileMode::kPublic);
    if (!written) return fail(written.error());
    return Output{.text = options.file + ": signed with key " + signer->key().id() + "\n" + waived,
                  .data = {{"file", options.file}, {"key_id", signer->key().id()}}};
}

}  // namespace firebreak::cli
