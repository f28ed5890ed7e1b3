#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <thread>

#include "core/base/errc.hpp"
#include "sensor/host/engine_location.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/self_protection.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kJobsMax = 256;

/// Larger than any bundle may be, so that the structure stage is the one to say so.
constexpr std::uint64_t kBundleBytesMax = 512U << 20U;

/// Adds the folders that `option` names; all of them must be there, and readable.
Result<void> add_folders(const std::string& option, const std::vector<std::string>& roots,
                         std::vector<fs::path>& folders) {
    for (const std::string& root : roots) {
        std::error_code code;
        if (!fs::is_directory(root, code)) {
            return fail(Errc::kNotFound, option + " " + root + ": no such folder");
        }
        if (::access(root.c_str(), R_OK | X_OK) != 0) {
            return fail({errno, std::generic_category()}, option + " " + root);
        }
        folders.emplace_back(root);
    }
    return {};
}

/// "ENGINE=TWIN": ENGINE is one of the engines given.
Result<void> read_twin(const World& world, const std::string& pair, RunRequest& request) {
    const std::size_t equals = pair.rfind('=');
    if (equals == std::string::npos) {
        return fail(Errc::kInvalid, "--twin " + pair + ": must be ENGINE.so=TWIN.so");
    }
    const Result<EngineFile> engine = engine_file(world.files, pair.substr(0, equals));
    if (!engine) return fail(engine.error().seen_from("--twin"));
    if (std::ranges::find(request.engines, engine->sha256, &EngineFile::sha256) ==
        request.engines.end()) {
        return fail(Errc::kInvalid, "--twin " + pair + ": its engine is none of those given");
    }
    Result<EngineFile> twin = engine_file(world.files, pair.substr(equals + 1));
    if (!twin) return fail(twin.error().seen_from("--twin"));
    return add_twin(request.twins, {engine->sha256, *std::move(twin)});
}

/// The engines, and their twins.
Result<void> read_builds(const World& world, const JudgeOptions& options, RunRequest& request) {
    for (const std::string& path : options.engines) {
        Result<EngineFile> engine = engine_file(world.files, path);
        if (!engine) return fail(engine.error());
        add_engine(request.engines, *std::move(engine));
    }
    for (const std::string& folder : options.builds) {
        Result<BuildsFolder> builds = engines_in(world.files, folder);
        if (!builds) return fail(builds.error());
        for (EngineFile& engine : builds->engines) add_engine(request.engines, std::move(engine));
        for (TwinFile& twin : builds->twins) {
            const Result<void> added = add_twin(request.twins, std::move(twin));
            if (!added) return added;
        }
    }
    for (const std::string& pair : options.twins) {
        const Result<void> read = read_twin(world, pair, request);
        if (!read) return read;
    }
    return {};
}

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
    if (const Result<void> builds = read_builds(world, options, request); !builds) {
        return fail(builds.error());
    }
    if (!options.census.empty()) {
        Result<std::vector<Sha256>> alive = read_census(world.files, options.census);
        if (!alive) return fail(alive.error());
        request.alive = *std::move(alive);
    }
    Result<void> folders = add_folders("--goodware", options.goodware, request.goodware);
    if (folders) folders = add_folders("--samples", options.samples, request.samples);
    if (!folders) return fail(folders.error());
    std::error_code code;
    request.own_paths = own_paths(fs::read_symlink("/proc/self/exe", code));
    for (const EngineFile& engine : request.engines) {
        request.own_paths.push_back(sensor::EngineLocation::of(engine.path).path);
    }
    if (!options.update_host.empty()) request.update_host = options.update_host;
    request.cache = options.cache;
    return request;
}

std::optional<std::uint64_t> number_in(const std::string& text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc() || stopped != end) return std::nullopt;
    return number;
}

Result<void> settle_fuzzing(const JudgeOptions& options, FuzzRequest& fuzz) {
    constexpr std::uint64_t kSecondsMax = 30ULL * 24 * 60 * 60;
    if (!options.fuzz_executions.empty()) {
        fuzz.executions = number_in(options.fuzz_executions);
        if (!fuzz.executions) return fail(Errc::kInvalid, "--execs: must be a number");
    }
    if (!options.fuzz_seconds.empty()) {
        const std::optional<std::uint64_t> seconds = number_in(options.fuzz_seconds);
        if (!seconds || *seconds == 0 || *seconds > kSecondsMax) {
            return fail(Errc::kInvalid, "--time: must be seconds, at most a month of them");
        }
        fuzz.time = std::chrono::seconds(*seconds);
    }
    fuzz.corpus = options.fuzz_corpus;
    return {};
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
    request.patience = options.patience;
    request.reproducers = options.reproducers;
    if (const Result<void> fuzz = settle_fuzzing(options, request.fuzz); !fuzz) return fuzz;

    if (options.seed.empty()) {
        // The same bundle under the same profile is driven the same way again.
        const Sha256 digest =
            sha256(bytes_of(sha256(request.bundle).hex() + ":" + options.profile));
        for (std::size_t index = 0; index < sizeof request.seed; ++index) {
            request.seed = request.seed << 8U | digest.bytes.at(index);
        }
        return {};
    }
    const std::optional<std::uint64_t> seed = number_in(options.seed);
    if (!seed) return fail(Errc::kInvalid, "--seed: must be an integer from 0 to 2^64 - 1");
    request.seed = *seed;
    return {};
}

/// Waivers are for a time and from somebody: a file that is not in order waives nothing, and stops
/// the run before it begins.
Result<void> read_waivers(const World& world, const JudgeOptions& options, RunRequest& request) {
    if (options.waivers.empty()) return {};
    const Result<Bytes> file = world.files.read(options.waivers, kWaiverFileBytesMax);
    if (!file) return fail(file.error().seen_from("--waivers"));
    const Result<trust::Key> key = read_public_key(world.files, "--waiver-key", options.waiver_key);
    if (!key) return fail(key.error());
    Result<std::vector<Waiver>> waivers = open_waivers(*file, *key);
    if (!waivers) return fail(waivers.error().seen_from(options.waivers));
    const auto now = std::chrono::floor<std::chrono::seconds>(world.clock.now());
    if (Result<void> in_force = check_waivers(*waivers, now); !in_force) {
        return fail(in_force.error().seen_from(options.waivers));
    }
    request.waivers = *std::move(waivers);
    return {};
}

/// Writes `text` where `path` says; nowhere when it is empty.
Result<void> write_report(const World& world, const std::string& option, const std::string& path,
                          const std::string& text) {
    if (path.empty()) return {};
    Result<void> written = world.files.write(path, bytes_of(text), FileMode::kPublic);
    if (!written) return fail(written.error().seen_from(option));
    return {};
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
    Result<void> written =
        write_report(world, "--sarif", options.sarif, pretty_json(sarif_report(run)));
    if (written) written = write_report(world, "--junit", options.junit, junit_report(run));
    if (written) written = write_report(world, "--html", options.html, html_report(run));
    if (!written) return complain(kExitInconclusive, written.error().to_string());
    if (!signer) return exit_code_of(run.verdict());
    const Result<Bytes> envelope = signed_attestation(run, *signer);
    if (!envelope) return complain(kExitNotSigned, envelope.error().to_string());
    written = world.files.write(options.attestation, *envelope, FileMode::kPublic);
    if (!written) return complain(kExitNotSigned, "--attestation: " + written.error().to_string());
    return exit_code_of(run.verdict());
}

}  // namespace

int judge_bundle(const World& world, const JudgeOptions& options) {
    const bool signs = !options.attestation.empty();
    if (signs != !options.key.empty()) {
        return complain(kExitUsage, "--attestation and --key go together");
    }
    if (options.waivers.empty() != options.waiver_key.empty()) {
        return complain(kExitUsage, "--waivers and --waiver-key go together");
    }
    Result<RunRequest> request = request_of(world, options);
    if (!request) return complain(kExitUsage, request.error().to_string());
    if (const Result<void> settled = settle(options, *request); !settled) {
        return complain(kExitUsage, settled.error().context());
    }
    if (const Result<void> read = read_waivers(world, options, *request); !read) {
        return complain(kExitUsage, read.error().to_string());
    }
    // Before the work rather than after it: a key that cannot be opened is known now.
    std::optional<signing::Ed25519Signer> signer;
    if (signs) {
        Result<signing::Ed25519Signer> opened =
            open_signer(world, options.key, options.passphrase_file);
        if (!opened) return complain(kExitNotSigned, opened.error().to_string());
        signer.emplace(*std::move(opened));
    }
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());
    const Result<std::optional<WorkerProgram>> twin_host = find_twin_host(options.twin_host);
    if (!twin_host) return complain(kExitUsage, twin_host.error().to_string());

    NoProgress silence;
    TerminalProgress bar;
    Progress& progress = world.terminal.json() ? static_cast<Progress&>(silence) : bar;
    Run run(*std::move(request),
            {*program, world.clock, world.files, progress, *twin_host ? &**twin_host : nullptr});
    judge(run, all_stages());
    return hand_over(world, options, run, signer);
}

}  // namespace firebreak::validator
