#include "validator/run.hpp"

#include <algorithm>
#include <array>

#include "core/base/utc.hpp"

namespace firebreak::validator {
namespace {

constexpr int kReproducersMax = 20;

/// What the reproducers that are kept may take of memory.
constexpr std::uint64_t kCasesBytesMax = 256U << 20U;

constexpr std::array<std::string_view, 4> kOutcomes{"passed", "failed", "inconclusive", "skipped"};

/// `text` as one word of a shell command.
std::string quoted(const std::string& text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
    std::string result = "'";
    for (const char character : text) {
        if (character == '\'') {
            result += R"('\'')";
        } else {
            result += character;
        }
    }
    return result + "'";
}

std::uint64_t size_of(const Reproducer& reproducer) {
    std::uint64_t bytes = reproducer.input.size();
    for (const content::ContentFile& file : reproducer.files) bytes += file.bytes.size();
    return bytes;
}

/// The weaker of the two, means by means.
void weaken(std::optional<Confinement>& weakest, const Confinement& confinement) {
    if (!weakest) {
        weakest = confinement;
        return;
    }
    weakest->limits &= confinement.limits;
    weakest->seccomp &= confinement.seccomp;
    weakest->call_reports &= confinement.call_reports;
    weakest->landlock_abi = std::min(weakest->landlock_abi, confinement.landlock_abi);
    weakest->namespaces &= confinement.namespaces;
    weakest->cgroup &= confinement.cgroup;
    weakest->sanitized |= confinement.sanitized;
    weakest->fixed_addresses &= confinement.fixed_addresses;
}

}  // namespace

std::string_view to_string(StageOutcome outcome) {
    return kOutcomes.at(static_cast<std::size_t>(outcome));
}

Run::Run(RunRequest request, const Tools& tools)
    : request_(std::move(request)), tools_(tools), waived_(request_.waivers.size()) {
    if (request_.patience <= 1) return;
    // On a busy machine each call takes longer by the clock as well; CPU time stays what it is.
    Profile figures = profile();
    figures.sandbox.load.wall *= request_.patience;
    figures.sandbox.evaluate.wall *= request_.patience;
    request_.figures = figures;
}

void Run::add(Finding finding) {
    if (std::ranges::find(request_.muted, finding.id) != request_.muted.end()) return;
    finding.stage = stage;
    const std::string stream = bundle ? bundle->manifest.stream : std::string();
    for (std::size_t index = 0; index < waived_.size(); ++index) {
        const Waiver& waiver = request_.waivers[index];
        if (!covers(waiver, finding, stream)) continue;
        ++waived_[index];
        finding.waived =
            waiver.who + ", until " + format_utc(waiver.expires) + ": " + waiver.reason;
        break;
    }
    if (rejects(finding)) ++errors_;
    if (findings.size() >= kFindingsMax) {
        ++not_kept_;
        return;
    }
    findings.push_back(std::move(finding));
}

const WorkerProgram& Run::program_for(const EngineFile& engine) const {
    return program_to_open(engine, tools_.program, tools_.twin_host);
}

const Build* Run::build_of(const Sha256& engine) const {
    for (const Build& build : builds) {
        if (build.file.sha256 == engine) return &build;
    }
    for (const Twin& twin : twins) {
        if (twin.build.file.sha256 == engine) return &twin.build;
    }
    return nullptr;
}

std::string Run::sandbox_level() const {
    return confinement_ ? confinement_->to_string() : "none";
}

std::string Run::twin_sandbox_level() const {
    return twin_confinement_ ? twin_confinement_->to_string() : "none";
}

void Run::record(const Confinement& confinement) {
    const bool in_twin_host = confinement.sanitized && !tools_.program.sanitized();
    if (in_twin_host) weaken(twin_confinement_, confinement);
    // A sanitizer build that is itself given as an engine is held to less, and lowers the level.
    const bool of_a_build =
        !in_twin_host || std::ranges::any_of(request_.engines, &EngineFile::sanitized);
    if (of_a_build) weaken(confinement_, confinement);
}

void Run::attach(Reproducer reproducer, const EngineFile& engine, Finding& finding) {
    if (attached_ >= kReproducersMax) return;
    Case made{.reproducer = std::move(reproducer), .file = {}};
    made.file = write_new(made, engine, ++attached_);
    if (!made.file.empty()) {
        finding.reproducer = made.file.string();
        finding.command = "firebreak-validate reproduce " + quoted(made.file.string()) +
                          " --engine " + quoted(engine.path.string());
        const WorkerProgram& program = program_for(engine);
        if (&program == tools_.twin_host) {
            finding.command += " --twin-host " + quoted(program.path().string());
        }
    }
    const std::uint64_t bytes = size_of(made.reproducer);
    if (bytes > kCasesBytesMax - case_bytes_) return;
    case_bytes_ += bytes;
    cases_.push_back(std::move(made));
    finding.case_number = cases_.size();
}

/// @returns where it is; empty: it was not written.
std::filesystem::path Run::write_new(const Case& made, const EngineFile& engine, int number) {
    if (request_.reproducers.empty()) return {};
    const std::string& id = made.reproducer.finding;
    std::filesystem::path file =
        request_.reproducers /
        (id + "-" + engine.sha256.hex().substr(0, 8) + "-" + std::to_string(number) + ".json");
    Result<void> written = tools_.files.make_folder(request_.reproducers, FileMode::kPublic);
    if (written) {
        written = tools_.files.write(file, serialize(made.reproducer), FileMode::kPublic);
    }
    if (written) return file;
    notes.push_back("no reproducer for " + id + ": " + written.error().to_string());
    return {};
}

void Run::rewrite(const Case& changed) {
    if (changed.file.empty()) return;
    const Result<void> written =
        tools_.files.write(changed.file, serialize(changed.reproducer), FileMode::kPublic);
    if (!written) {
        notes.push_back("a reproducer stays as long as it was: " + written.error().to_string());
    }
}

std::vector<FileView> Run::content_views() const {
    std::vector<FileView> views;
    for (const content::ContentFile& file : bundle->files) views.push_back({file.name, file.bytes});
    return views;
}

content::Verdict Run::verdict() const {
    if (errors_ > 0) return content::Verdict::kRejected;
    const bool passed = !stages.empty() && request_.muted.empty() &&
                        std::ranges::all_of(stages, [](const auto& report) {
                            return report.outcome == StageOutcome::kPassed;
                        });
    return passed ? content::Verdict::kAdmitted : content::Verdict::kInconclusive;
}

}  // namespace firebreak::validator
