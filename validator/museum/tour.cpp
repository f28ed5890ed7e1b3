#include "validator/museum/tour.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/errc.hpp"
#include "sensor/sigma/compiler/bundle_content.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kEngineBytesMax = 256U << 20U;
constexpr std::string_view kAdmitted = "admitted";

/// An exhibit is about what stops it, and not about how long this machine takes.
constexpr unsigned kPatience = 100;

constexpr std::array<std::string_view, 6> kOutcomes{"as-expected",      "other-gate", "escaped",
                                                    "falsely-rejected", "not-played", "elsewhere"};

Result<EngineFile> find_engine(const FileStore& files, const std::vector<fs::path>& folders,
                               const std::string& name) {
    for (const fs::path& folder : folders) {
        const fs::path path = folder / (name + ".so");
        std::error_code code;
        if (!fs::is_regular_file(path, code)) continue;
        const Result<Bytes> bytes = files.read(path, kEngineBytesMax);
        if (!bytes) return fail(bytes.error());
        return EngineFile{path, sha256(*bytes)};
    }
    return fail(Errc::kNotFound, "the engine " + name + ".so is in none of the engine folders");
}

/// The engines that are alive where nobody says; the new one is the last.
std::vector<std::string> engine_names(const Exhibit& exhibit) {
    std::vector<std::string> names = exhibit.engines;
    if (names.empty()) {
        const bool rules = exhibit.release->manifest.content_type == sigma::kSourceType;
        names.emplace_back(rules ? "sigma" : "yara");
    }
    if (!exhibit.new_engine.empty()) names.push_back(exhibit.new_engine);
    return names;
}

Result<RunRequest> request_of(const Exhibit& exhibit, const TourGround& ground,
                              const FileStore& files) {
    RunRequest request;
    request.bundle_name = exhibit.folder.filename().string();
    Result<Bytes> bundle = pack_release(files, exhibit, *exhibit.release);
    if (!bundle) return fail(bundle.error());
    request.bundle = *std::move(bundle);
    if (exhibit.previous) {
        Result<Bytes> previous = pack_release(files, exhibit, *exhibit.previous);
        if (!previous) return fail(previous.error());
        request.previous = *std::move(previous);
    }
    for (const std::string& name : engine_names(exhibit)) {
        Result<EngineFile> engine = find_engine(files, ground.engines, name);
        if (!engine) return fail(engine.error());
        request.engines.push_back(*std::move(engine));
    }
    request.own_paths = ground.own_paths;
    if (!exhibit.goodware.empty()) request.goodware = {exhibit.goodware};
    request.profile = ProfileName::kPr;
    request.seed = static_cast<std::uint64_t>(exhibit.id);
    request.stops_at_failure = true;
    request.patience = kPatience;
    return request;
}

/// The first finding of level error; of `wanted` if there is one.
const Finding* first_error(const Run& run, const std::string& wanted) {
    const Finding* first = nullptr;
    for (const Finding& finding : run.findings) {
        if (finding_rule(finding.id).level != Level::kError) continue;
        if (finding.id == wanted) return &finding;
        if (first == nullptr) first = &finding;
    }
    return first;
}

Encounter::Outcome outcome_of(const Exhibit& exhibit, const Run& run, const Encounter& encounter) {
    using Outcome = Encounter::Outcome;
    const bool to_admit = exhibit.expected == kAdmitted;
    if (encounter.stopped_by.empty()) {
        if (!to_admit) return Outcome::kEscaped;
        return run.verdict() == content::Verdict::kAdmitted ? Outcome::kAsExpected
                                                            : Outcome::kNotPlayed;
    }
    if (to_admit) return Outcome::kFalselyRejected;
    const bool here = encounter.stopped_by == exhibit.expected &&
                      (exhibit.finding.empty() || encounter.finding == exhibit.finding);
    return here ? Outcome::kAsExpected : Outcome::kOtherGate;
}

Encounter encounter_of(const Exhibit& exhibit, const Run& run) {
    Encounter encounter;
    for (const StageReport& stage : run.stages) {
        if (stage.outcome == StageOutcome::kInconclusive && encounter.note.empty()) {
            encounter.note = stage.name + ": " + stage.reason;
        }
        if (stage.outcome != StageOutcome::kFailed) continue;
        encounter.stopped_by = stage.name;
        encounter.executions = stage.executions;
        encounter.note.clear();
        break;
    }
    if (const Finding* finding = first_error(run, exhibit.finding); finding != nullptr) {
        encounter.finding = finding->id;
        encounter.message = finding->message;
    }
    encounter.outcome = outcome_of(exhibit, run, encounter);
    return encounter;
}

}  // namespace

std::string_view to_string(Encounter::Outcome outcome) {
    return kOutcomes.at(static_cast<std::size_t>(outcome));
}

Encounter play(const Exhibit& exhibit, const TourGround& ground, const Tools& tools,
               const std::vector<std::string>& skipped) {
    if (!exhibit.playable()) {
        return {.outcome = Encounter::Outcome::kElsewhere,
                .note = "played by the tests of the " + exhibit.expected};
    }
    const auto started = tools.clock.steady();
    Result<RunRequest> request = request_of(exhibit, ground, tools.files);
    if (!request) return {.note = request.error().to_string()};
    request->skipped = skipped;
    Run run(*std::move(request), tools);
    if (exhibit.new_engine.empty()) {
        judge(run, all_stages());
    } else {
        judge(run, engine_release_stages());
    }
    Encounter encounter = encounter_of(exhibit, run);
    encounter.took = std::chrono::ceil<std::chrono::milliseconds>(tools.clock.steady() - started);
    return encounter;
}

}  // namespace firebreak::validator
