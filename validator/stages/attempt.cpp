#include "validator/stages/attempt.hpp"

namespace firebreak::validator {

Attempt attempt_load(Run& run, const Build& build, const std::vector<FileView>& files,
                     const Patience& patience, StageResult& result) {
    Attempt attempt;
    const Result<ContentImage> image = ContentImage::make(files);
    if (!image) {
        attempt.load.verdict.message = image.error().to_string();
        return attempt;
    }
    attempt.executor = std::make_unique<Executor>(run.program_for(build.file),
                                                  run.profile().sandbox, run.tools().clock);
    attempt.load.verdict = attempt.executor->open(build.file, *image).verdict;
    run.record(attempt.executor->confinement());
    if (!passes(attempt.load.verdict)) {
        // It opened before, so this is the machine's doing and not the content's.
        attempt.load.verdict = {.outcome = Outcome::kNotRun,
                                .message = describe(attempt.load.verdict)};
        return attempt;
    }
    attempt.load = attempt.executor->load(
        {.memory_bytes_max = run.profile().sandbox.memory_bytes_max}, patience);
    if (attempt.load.verdict.outcome != Outcome::kNotRun) ++result.executions;
    return attempt;
}

std::string blamed(const Culprit& culprit) {
    if (culprit.place.file.empty()) return std::to_string(culprit.files.size()) + " files together";
    if (culprit.last_line == 0) return culprit.place.file;
    return culprit.place.file + ", lines " + std::to_string(culprit.place.line) + " to " +
           std::to_string(culprit.last_line);
}

std::vector<content::ContentFile> copies_of(const std::vector<FileView>& files) {
    std::vector<content::ContentFile> copies;
    for (const FileView& file : files) {
        copies.push_back({std::string(file.name), copy_of(file.bytes)});
    }
    return copies;
}

Reproducer load_reproducer(const Finding& finding, const Build& build,
                           const std::vector<FileView>& files, const Verdict& expected) {
    Reproducer reproducer{.finding = finding.id, .engine = build.file.sha256};
    reproducer.expect(expected);
    reproducer.files = copies_of(files);
    return reproducer;
}

}  // namespace firebreak::validator
