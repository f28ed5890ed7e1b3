#include <algorithm>
#include <sstream>

#include "core/base/errc.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBundleBytesMax = 512U << 20U;

Result<std::vector<fs::path>> bundles_in(const std::string& folder) {
    std::error_code code;
    std::vector<fs::path> bundles;
    fs::recursive_directory_iterator entries(folder, code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (entries->path().extension() == ".fbb") bundles.push_back(entries->path());
    }
    if (code) return fail(code, "--live " + folder);
    // Nothing to load is no proof that all of it loads.
    if (bundles.empty()) return fail(Errc::kNotFound, "--live " + folder + ": holds no .fbb");
    std::ranges::sort(bundles);
    return bundles;
}

/// What became of one bundle; small, so that the bundle itself need not be kept.
struct LiveReport {
    content::Verdict verdict;
    std::string text;
    json::value object;
};

std::string text_of(const Run& run, const Terminal& terminal) {
    std::ostringstream text;
    const content::Verdict verdict = run.verdict();
    const bool good = verdict == content::Verdict::kAdmitted;
    std::string word(good                                     ? "loads"
                     : verdict == content::Verdict::kRejected ? "BREAKS"
                                                              : "unknown");
    word.resize(8, ' ');
    text << "  " << (good ? terminal.good(word) : terminal.bad(word)) << " "
         << run.request().bundle_name << "\n";
    for (const Finding& finding : run.findings) {
        if (finding_rule(finding.id).level != Level::kError) continue;
        text << "      " << finding.id << " " << finding_rule(finding.id).name << ": "
             << finding.message << "\n";
    }
    for (const StageReport& stage : run.stages) {
        if (stage.outcome != StageOutcome::kInconclusive) continue;
        text << "      " << stage.name << ": " << stage.reason << "\n";
    }
    return text.str();
}

class LiveCheck {
public:
    LiveCheck(const World& world, const WorkerProgram& program, std::vector<EngineFile> engines)
        : world_(world), program_(program), engines_(std::move(engines)) {}

    Result<LiveReport> check(const fs::path& path) const {
        Result<Bytes> bytes = world_.files.read(path, kBundleBytesMax);
        if (!bytes) return fail(bytes.error());
        RunRequest request;
        request.bundle_name = path.filename().string();
        request.bundle = *std::move(bytes);
        request.engines = engines_;
        request.profile = ProfileName::kGate;
        NoProgress silence;
        Run run(std::move(request), {program_, world_.clock, world_.files, silence});
        judge(run, engine_release_stages());
        return LiveReport{run.verdict(), text_of(run, world_.terminal), json_report(run)};
    }

private:
    const World& world_;
    const WorkerProgram& program_;
    std::vector<EngineFile> engines_;
};

/// The engine under test last, so that it is the one said to differ from those it is held against.
Result<std::vector<EngineFile>> engines_of(const World& world, const EngineLiveOptions& options) {
    std::vector<EngineFile> engines;
    for (const std::string& path : options.against) {
        Result<EngineFile> engine = engine_file(world.files, path);
        if (!engine) return fail(engine.error());
        add_engine(engines, *std::move(engine));
    }
    Result<EngineFile> engine = engine_file(world.files, options.engine);
    if (!engine) return fail(engine.error());
    add_engine(engines, *std::move(engine));
    return engines;
}

}  // namespace

int check_engine_live(const World& world, const EngineLiveOptions& options) {
    const Result<std::vector<EngineFile>> engines = engines_of(world, options);
    if (!engines) return complain(kExitUsage, engines.error().to_string());
    const Result<std::vector<fs::path>> bundles = bundles_in(options.live);
    if (!bundles) return complain(kExitUsage, bundles.error().to_string());
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());

    const LiveCheck live(world, *program, *engines);
    std::string text;
    json::array reports;
    std::size_t broken = 0;
    std::size_t unknown = 0;
    for (const fs::path& path : *bundles) {
        Result<LiveReport> report = live.check(path);
        if (!report) return complain(kExitUsage, report.error().to_string());
        if (report->verdict == content::Verdict::kRejected) ++broken;
        if (report->verdict == content::Verdict::kInconclusive) ++unknown;
        text += report->text;
        reports.push_back(std::move(report->object));
    }
    const char* const verdict = broken > 0 ? "breaks" : unknown > 0 ? "unknown" : "loads";
    text += options.engine + ": of " + std::to_string(bundles->size()) + " live bundles breaks " +
            std::to_string(broken) + ", could not be tried with " + std::to_string(unknown) + "\n";
    const json::object object{{"engine", options.engine},
                              {"sha256", engines->back().sha256.hex()},
                              {"verdict", verdict},
                              {"bundles", std::move(reports)}};
    if (!print(world.terminal.json() ? pretty_json(object) : text)) {
        return complain(kExitInconclusive, "cannot write to stdout");
    }
    if (broken > 0) return kExitRejected;
    return unknown > 0 ? kExitInconclusive : kExitAdmitted;
}

}  // namespace firebreak::validator
