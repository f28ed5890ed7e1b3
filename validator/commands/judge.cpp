#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include "core/base/errc.hpp"
#include "core/signing/key_file.hpp"
#include "core/signing/passphrase.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKeyFileBytesMax = 64U << 10U;
constexpr unsigned kJobsMax = 256;

/// Larger than any bundle may be, so that the structure stage is the one to say so.
constexpr std::uint64_t kBundleBytesMax = 512U << 20U;

/// Reads what options name. What it refuses is a usage error: nothing has been judged.
Result<RunRequest> request_of(const World& world, const JudgeOptions& options) {
    RunRequest request;
    request.bundle_name = fs::path(options.bundle).filename().string();
    Result<Bytes> bundle = world.files.read(options.bundle, kBundleBytesMax);
    if (!bundle) return fail(bundle.error().seen_from("bundle"));
    request.bundle = *std::move(bundle);
    if (!options.previous.empty()) {
        Result<Bytes> previous = world.files.read(options.previous, kBundleBytesMax);
        if (!previous) return fail(previous.error().seen_from("--previous"));
        request.previous = *std::move(previous);
    }
    for (const std::string& path : options.engines) {
        Result<EngineFile> engine = engine_file(world.files, path);
        if (!engine) return fail(engine.error());
        add_engine(request.engines, *std::move(engine));
    }
    for (const std::string& folder : options.builds) {
        Result<std::vector<EngineFile>> engines = engines_in(world.files, folder);
        if (!engines) return fail(engines.error());
        for (EngineFile& engine : *engines) add_engine(request.engines, std::move(engine));
    }
    if (!options.census.empty()) {
        Result<std::vector<Sha256>> alive = read_census(world.files, options.census);
        if (!alive) return fail(alive.error());
        request.alive = *std::move(alive);
    }
    for (const std::string& root : options.goodware) {
        std::error_code code;
        if (!fs::is_directory(root, code)) {
            return fail(Errc::kNotFound, "--goodware " + root + ": no such folder");
        }
        request.goodware.emplace_back(root);
    }
    return request;
}

Result<void> settle(const JudgeOptions& options, RunRequest& request) {
    const std::optional<ProfileName> profile = profile_of(options.profile);
    if (!profile) return fail(Errc::kInvalid, "--profile: must be pr, gate or nightly");
    request.profile = *profile;
    for (const std::string& name : options.skipped) {
        if (std::ranges::find(all_stages(), name, &Stage::name) == all_stages().end()) {
            return fail(Errc::kInvalid, "--skip " + name + ": there is no such stage");
        }
    }
    request.skipped = options.skipped;
    const unsigned jobs =
        options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    request.jobs = std::min(jobs, kJobsMax);
    request.reproducers = options.reproducers;

    if (options.seed.empty()) {
        // The same bundle under the same profile is driven the same way again.
        const Sha256 digest =
            sha256(bytes_of(sha256(request.bundle).hex() + ":" + options.profile));
        for (std::size_t index = 0; index < sizeof request.seed; ++index) {
            request.seed = request.seed << 8U | digest.bytes.at(index);
        }
        return {};
    }
    const char* end = options.seed.data() + options.seed.size();
    const auto [stopped, code] = std::from_chars(options.seed.data(), end, request.seed);
    if (code != std::errc() || stopped != end) {
        return fail(Errc::kInvalid, "--seed: must be an integer from 0 to 2^64 - 1");
    }
    return {};
}

Result<signing::Ed25519Signer> open_signer(const World& world, const JudgeOptions& options) {
    const Result<Bytes> file = world.files.read(options.key, kKeyFileBytesMax);
    if (!file) return fail(file.error().seen_from("--key"));
    const Result<SecretBytes> passphrase = signing::obtain_passphrase(
        world.files, options.passphrase_file, "passphrase for " + options.key + ": ");
    if (!passphrase) return fail(passphrase.error());
    Result<signing::Ed25519Signer> signer = signing::open_key(*file, *passphrase);
    if (!signer) return fail(signer.error().seen_from(options.key));
    return signer;
}

int exit_code_of(content::Verdict verdict) {
    switch (verdict) {
        case content::Verdict::kAdmitted: return kExitAdmitted;
        case content::Verdict::kRejected: return kExitRejected;
        case content::Verdict::kInconclusive: break;
    }
    return kExitInconclusive;
}

/// Reports first, the attestation last: it exists only when everything else was written.
int hand_over(const World& world, const JudgeOptions& options, const Run& run,
              const std::optional<signing::Ed25519Signer>& signer) {
    const std::string text =
        world.terminal.json() ? pretty_json(json_report(run)) : text_report(run, world.terminal);
    if (!print(text)) return complain(kExitInconclusive, "cannot write the report to stdout");
    if (!options.sarif.empty()) {
        const std::string sarif = pretty_json(sarif_report(run));
        const Result<void> written =
            world.files.write(options.sarif, bytes_of(sarif), FileMode::kPublic);
        if (!written) return complain(kExitInconclusive, "--sarif: " + written.error().to_string());
    }
    if (!signer) return exit_code_of(run.verdict());
    const Result<Bytes> envelope = signed_attestation(run, *signer);
    if (!envelope) return complain(kExitNotSigned, envelope.error().to_string());
    const Result<void> written =
        world.files.write(options.attestation, *envelope, FileMode::kPublic);
    if (!written) return complain(kExitNotSigned, "--attestation: " + written.error().to_string());
    return exit_code_of(run.verdict());
}

}  // namespace

int judge_bundle(const World& world, const JudgeOptions& options) {
    const bool signs = !options.attestation.empty();
    if (signs != !options.key.empty()) {
        return complain(kExitUsage, "--attestation and --key go together");
    }
    Result<RunRequest> request = request_of(world, options);
    if (!request) return complain(kExitUsage, request.error().to_string());
    if (const Result<void> settled = settle(options, *request); !settled) {
        return complain(kExitUsage, settled.error().context());
    }
    // Before the work rather than after it: a key that cannot be opened is known now.
    std::optional<signing::Ed25519Signer> signer;
    if (signs) {
        Result<signing::Ed25519Signer> opened = open_signer(world, options);
        if (!opened) return complain(kExitNotSigned, opened.error().to_string());
        signer.emplace(*std::move(opened));
    }
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());

    NoProgress silence;
    TerminalProgress bar;
    Progress& progress = world.terminal.json() ? static_cast<Progress&>(silence) : bar;
    Run run(*std::move(request), {*program, world.clock, world.files, progress});
    judge(run, all_stages());
    return hand_over(world, options, run, signer);
}

}  // namespace firebreak::validator
