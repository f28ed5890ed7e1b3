#include "validator/proof/trial.hpp"

#include <algorithm>

namespace firebreak::validator {

Patience probe_patience(const SandboxPolicy& policy) {
    constexpr std::chrono::seconds kCpu{3};
    constexpr std::chrono::seconds kWall{60};
    return {.cpu = std::min<std::chrono::milliseconds>(kCpu, policy.evaluate.cpu),
            .wall = std::min<std::chrono::milliseconds>(kWall, policy.evaluate.wall)};
}

Patience hang_patience(const Patience& limit) {
    constexpr std::chrono::seconds kCpu{2};
    constexpr std::chrono::seconds kWall{10};
    return {.cpu = std::min<std::chrono::milliseconds>(kCpu, limit.cpu),
            .wall = std::min<std::chrono::milliseconds>(kWall, limit.wall)};
}

Verdict Trial::load() {
    if (executor_ && executor_->alive() && loaded_) return {.outcome = Outcome::kAccepted};
    loaded_ = false;
    const Result<ContentImage> image = ContentImage::make(files_);
    if (!image) return {.message = image.error().to_string()};
    executor_ = std::make_unique<Executor>(run_.program_for(build_.file), run_.profile().sandbox,
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

}  // namespace firebreak::validator
