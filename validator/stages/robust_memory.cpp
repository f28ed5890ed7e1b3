#include <algorithm>

#include "validator/proof/growth.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/robust.hpp"
#include "validator/stages/sentinel.hpp"

namespace firebreak::validator {
namespace {

/// The id of the ABI check that refuses an engine one allocation after the other.
constexpr std::string_view kAllocatorCheck = "allocator";

/// What is loaded a hundred times over, so that a hundred loads take a second or two.
constexpr std::uint64_t kPartBytesMax = 24U << 10U;

/// The smallest files of the content, of which together there is no more than that; at least one.
std::vector<FileView> small_part(const Run& run) {
    std::vector<FileView> files = run.content_views();
    std::ranges::stable_sort(files, {}, [](const FileView& file) { return file.bytes.size(); });
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    while (count < files.size() && bytes + files[count].bytes.size() <= kPartBytesMax) {
        bytes += files[count++].bytes.size();
    }
    files.resize(std::min(files.size(), std::max<std::size_t>(count, 1)));
    return files;
}

std::string check_refused_memory(Run& run, const Build& build, std::vector<FileView> files,
                                 StageResult& result) {
    if (files.empty()) return {};
    files.resize(1);
    const Result<ContentImage> image = ContentImage::make(files);
    if (!image) return image.error().to_string();
    // Hundreds of loads in one call: on a slow machine they take as much longer as the stage may.
    SandboxPolicy policy = run.profile().sandbox;
    policy.load.cpu *= run.request().patience;
    Executor executor(run.program_for(build.file), policy, run.tools().clock);
    const Verdict opened = executor.open(build.file, *image).verdict;
    run.record(executor.confinement());
    if (!passes(opened)) return "no worker: " + describe(opened);
    const CheckRun check = executor.check(kAllocatorCheck, "x", 0);
    if (check.verdict.outcome == Outcome::kNotRun) return describe(check.verdict);
    if (check.verdict.outcome == Outcome::kTimedOut) return "out of time while refusing memory";
    ++result.executions;
    const bool broken = check.result.kind == CheckResult::Kind::kBroken;
    if (passes(check.verdict) && !broken) return {};
    run.add({.id = "FB1103",
             .place = {.file = std::string(files.front().name), .line = 0, .rule = {}},
             .message =
                 build.label() + ": " + (broken ? check.result.message : describe(check.verdict)),
             .build = build.label(),
             .evidence = check.result.evidence});
    return {};
}

}  // namespace

std::string check_memory(Run& run, const Build& build, StageDeadline deadline,
                         StageResult& result) {
    const std::vector<FileView> files = small_part(run);
    std::string trouble = check_refused_memory(run, build, files, result);
    if (!trouble.empty()) return trouble;
    GrowthCheck growth(run, build, files);
    const GrowthCheck::Answer answer = growth.loads(deadline);
    result.executions += growth.executions();
    if (!answer.grows) return answer.trouble;
    Finding finding{.id = "FB1104",
                    .message = build.label() +
                               " takes ever more memory the more often it loads the same content",
                    .build = build.label()};
    Reproducer reproducer = load_reproducer(finding, build, files, {.outcome = Outcome::kAccepted});
    reproducer.grows = true;
    run.attach(std::move(reproducer), build.file, finding);
    run.add(std::move(finding));
    return {};
}

std::string check_release_change(Run& run, const Build& build, StageDeadline deadline,
                                 StageResult& result) {
    const std::vector<FileView> now = run.content_views();
    const std::optional<Sentinel> sentinel = sentinel_for(run.bundle->manifest.content_type, now);
    if (!sentinel) return "there is no sentinel for " + run.bundle->manifest.content_type;
    const Bytes own = sentinel->alone();
    std::vector<FileView> views = now;
    views.push_back({sentinel->file, own});
    const ImagePart this_release{.first = 0, .count = views.size()};
    ImagePart last_release = this_release;
    if (run.previous) {
        for (const content::ContentFile& file : run.previous->files) {
            views.push_back({file.name, file.bytes});
        }
        views.push_back({sentinel->file, own});
        last_release = {.first = this_release.count, .count = views.size() - this_release.count};
    }
    const Result<ContentImage> image = ContentImage::make(views);
    if (!image) return image.error().to_string();
    Executor executor(run.program_for(build.file), run.profile().sandbox, run.tools().clock);
    const Verdict opened = executor.open(build.file, *image).verdict;
    run.record(executor.confinement());
    if (!passes(opened)) return "no worker: " + describe(opened);

    const SentinelInput input = sentinel_inputs(*sentinel).front();
    std::vector<std::pair<std::string, ImagePart>> order{{"this release", this_release},
                                                         {"this release again", this_release}};
    if (run.previous) {
        order = {{"the last release", last_release},
                 {"this release", this_release},
                 {"the last release again", last_release}};
    }
    for (const auto& [name, part] : order) {
        if (run.tools().clock.steady() > deadline) return "out of time before " + name;
        Verdict verdict = executor
                              .load({.memory_bytes_max = run.profile().sandbox.memory_bytes_max},
                                    run.profile().sandbox.load, part)
                              .verdict;
        EvaluateRun scan{.verdict = verdict, .matches = {}};
        if (passes(verdict)) {
            scan = executor.evaluate(input.name, input.bytes);
            if (!ends_worker(scan.verdict.outcome)) verdict = executor.unload();
        }
        if (scan.verdict.outcome == Outcome::kNotRun) return describe(scan.verdict);
        ++result.executions;
        const bool matched = std::ranges::find(scan.matches, sentinel->rule(0),
                                               &sensor::Match::rule) != scan.matches.end();
        if (passes(scan.verdict) && passes(verdict) && matched) continue;
        run.add({.id = "FB1105",
                 .message = build.label() + ", on " + name + " in one process: " +
                            (passes(scan.verdict) && !matched
                                 ? "the validator's own rule does not match"
                                 : describe(passes(scan.verdict) ? verdict : scan.verdict)),
                 .build = build.label()});
        return {};
    }
    return {};
}

}  // namespace firebreak::validator
