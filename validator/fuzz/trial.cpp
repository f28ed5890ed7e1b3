#include "validator/fuzz/trial.hpp"

#include <algorithm>

namespace firebreak::validator {

Verdict Trial::load() {
    if (executor_ && executor_->alive() && loaded_) return {.outcome = Outcome::kAccepted};
    loaded_ = false;
    const Result<ContentImage> image = ContentImage::make(files_);
    if (!image) return {.message = image.error().to_string()};
    executor_ = std::make_unique<Executor>(run_.tools().program, run_.profile().sandbox,
                                           run_.tools().clock);
    const OpenRun opened = executor_->open(build_.file, *image);
    run_.record(executor_->confinement());
    if (!passes(opened.verdict)) {
        // It opened before, so this is the machine's doing and not the content's.
        return {.outcome = Outcome::kNotRun, .message = describe(opened.verdict)};
    }
    const Verdict verdict =
        executor_->load({.memory_bytes_max = run_.profile().sandbox.memory_bytes_max}, patience_)
            .verdict;
    loaded_ = passes(verdict);
    return verdict;
}

EvaluateRun Trial::evaluate(std::string_view name, ByteView input) {
    if (Verdict verdict = load(); !passes(verdict)) {
        return {.verdict = std::move(verdict), .matches = {}};
    }
    std::ranges::copy(input, executor_->input(input.size()).begin());
    return executor_->evaluate(name, input.size(), patience_);
}

void Trial::forget() {
    executor_.reset();
    loaded_ = false;
}

int replayed(Run& run, const Build& build, const Reproducer& reproducer, const Patience& patience) {
    std::vector<FileView> files;
    for (const content::ContentFile& file : reproducer.files) {
        files.push_back({file.name, file.bytes});
    }
    int times = 0;
    for (int replay = 0; replay < kReplays; ++replay) {
        Trial trial(run, build, files, patience);
        const Verdict verdict =
            reproducer.evaluates ? trial.evaluate(reproducer.input_name, reproducer.input).verdict
                                 : trial.load();
        if (verdict.outcome == reproducer.expected) ++times;
    }
    return times;
}

std::string replay_note(int times) {
    return times == 0 ? "; not seen again in " + std::to_string(kReplays) + " fresh processes"
                      : "; seen again in " + std::to_string(times) + " of " +
                            std::to_string(kReplays) + " fresh processes";
}

}  // namespace firebreak::validator
