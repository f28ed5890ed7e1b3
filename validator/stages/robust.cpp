#include "validator/stages/robust.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "validator/proof/proof.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"

namespace firebreak::validator {
namespace {

/// Damaged files tried in one worker before the content itself has to load there.
constexpr std::size_t kDamages = 24;

/// Files above this are damaged in their first part only, which is loaded alone.
constexpr std::size_t kFileBytesMax = 256U << 10U;

struct Damaged {
    std::string name;
    std::string how;
    Bytes bytes;
};

Damaged damaged(Random& random, const content::ContentFile& file, std::size_t number) {
    Damaged result{.name = file.name, .how = {}, .bytes = file.bytes};
    if (result.bytes.size() > kFileBytesMax) result.bytes.resize(kFileBytesMax);
    Bytes& bytes = result.bytes;
    const std::size_t at = bytes.empty() ? 0 : random.below(bytes.size());
    switch (number % 4) {
        case 0:
            result.how = "cut off";
            bytes.resize(number % 8 == 0 ? at
                                         : bytes.size() - std::min<std::size_t>(bytes.size(), 1));
            break;
        case 1: {
            result.how = "zeroed in part";
            const std::size_t end = std::min<std::size_t>(bytes.size(), at + 512);
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                      bytes.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
            break;
        }
        default:
            result.how = "with one bit flipped";
            if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
    }
    return result;
}

bool is_harm(const Verdict& verdict) {
    return ends_worker(verdict.outcome) && verdict.outcome != Outcome::kNotRun;
}

/// The damage of one build's run.
class DamageCheck {
public:
    DamageCheck(Run& run, const Build& build, StageDeadline deadline, StageResult& result)
        : run_(run), build_(build), deadline_(deadline), result_(result) {}

    std::string check();

private:
    bool open();
    Verdict load(const ImagePart& part);
    bool try_out(std::size_t number);
    void check_pristine();
    void report(const Damaged& file, const Verdict& verdict);

    Run& run_;
    const Build& build_;
    StageDeadline deadline_;
    StageResult& result_;
    std::vector<Damaged> files_;
    std::optional<ContentImage> image_;
    std::unique_ptr<Executor> executor_;
    std::string trouble_;
    std::size_t originals_ = 0;  ///< Undamaged files behind the damaged ones in the image.
    bool reported_ = false;
};

bool DamageCheck::open() {
    executor_ = std::make_unique<Executor>(run_.program_for(build_.file), run_.profile().sandbox,
                                           run_.tools().clock);
    const Verdict verdict = executor_->open(build_.file, *image_).verdict;
    run_.record(executor_->confinement());
    if (!passes(verdict)) trouble_ = "no worker: " + describe(verdict);
    return passes(verdict);
}

Verdict DamageCheck::load(const ImagePart& part) {
    const sensor::LoadLimits limits{.memory_bytes_max = run_.profile().sandbox.memory_bytes_max};
    const Verdict verdict = executor_->load(limits, run_.profile().sandbox.load, part).verdict;
    if (verdict.outcome != Outcome::kNotRun) ++result_.executions;
    return verdict;
}

/// @returns false when it is no use to go on.
bool DamageCheck::try_out(std::size_t number) {
    if (!executor_->alive() && !open()) return false;
    Verdict verdict = load({.first = run_.bundle->files.size() + number, .count = 1});
    if (passes(verdict)) {
        // What loads must also bear an input, and go again.
        verdict = executor_->evaluate(kFuzzInputName, files_[number].bytes).verdict;
        if (!ends_worker(verdict.outcome)) verdict = executor_->unload();
    }
    if (verdict.outcome == Outcome::kNotRun) {
        trouble_ = describe(verdict);
        return false;
    }
    if (is_harm(verdict)) report(files_[number], verdict);
    return true;
}

void DamageCheck::report(const Damaged& file, const Verdict& verdict) {
    if (reported_) return;
    reported_ = true;
    Verdict said = verdict;
    said.message.clear();
    Finding finding{.id = "FB1101",
                    .place = {.file = file.name, .line = 0, .rule = {}},
                    .message = {},
                    .build = build_.label(),
                    .evidence = verdict.message,
                    .measured = verdict.measured};
    finding.message = build_.label() + " " + describe(said) + " on " + file.name + " " + file.how;
    Reproducer reproducer = load_reproducer(finding, build_, {{file.name, file.bytes}}, verdict);
    if (!shown(run_, build_, reproducer)) {
        // It was not the load, then.
        reproducer.evaluates = true;
        reproducer.input_name = std::string(kFuzzInputName);
        reproducer.input = file.bytes;
    }
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

/// The undamaged files, where damaged ones were tried. A few of them need not be enough to be
/// loaded without the others: then all.
void DamageCheck::check_pristine() {
    if (!executor_->alive()) return;  // A fresh worker loads it: the load stage saw that.
    const std::size_t files = run_.bundle->files.size();
    Verdict verdict = load({.first = files + files_.size(), .count = originals_});
    if (!passes(verdict) && executor_->alive()) verdict = load({.first = 0, .count = files});
    if (passes(verdict)) return;
    if (verdict.outcome == Outcome::kNotRun) {
        trouble_ = describe(verdict);
        return;
    }
    run_.add({.id = "FB1102",
              .message = build_.label() + ", after " + std::to_string(files_.size()) +
                         " damaged files, on the content itself: " + describe(verdict),
              .build = build_.label()});
}

std::string DamageCheck::check() {
    const std::vector<content::ContentFile>& originals = run_.bundle->files;
    if (originals.empty()) return {};
    SeededRandom random(run_.request().seed);
    std::set<std::size_t> chosen;
    for (std::size_t number = 0; number < kDamages; ++number) {
        const std::size_t choice = random.below(originals.size());
        chosen.insert(choice);
        files_.push_back(damaged(random, originals[choice], number));
    }
    std::vector<FileView> views = run_.content_views();
    for (const Damaged& file : files_) views.push_back({file.name, file.bytes});
    for (const std::size_t choice : chosen) {
        views.push_back({originals[choice].name, originals[choice].bytes});
    }
    originals_ = chosen.size();
    Result<ContentImage> image = ContentImage::make(views);
    if (!image) return image.error().to_string();
    image_.emplace(*std::move(image));
    if (!open()) return trouble_;
    for (std::size_t number = 0; number < files_.size(); ++number) {
        if (run_.tools().clock.steady() > deadline_) {
            return "out of time after " + std::to_string(number) + " damaged files";
        }
        if (!try_out(number)) return trouble_;
    }
    check_pristine();
    return trouble_;
}

}  // namespace

std::string check_damage(Run& run, const Build& build, StageDeadline deadline,
                         StageResult& result) {
    return DamageCheck(run, build, deadline, result).check();
}

StageResult check_robust(Run& run, StageDeadline deadline) {
    StageResult result;
    open_builds(run);
    if (run.builds.empty()) return {.complete = false, .reason = "no build was opened"};
    using Part = std::string (*)(Run&, const Build&, StageDeadline, StageResult&);
    std::uint64_t checks = 0;
    constexpr std::array<Part, 3> kParts{&check_release_change, &check_damage, &check_memory};
    for (const Build& build : run.builds) {
        for (const Part part : kParts) {
            run.tools().progress.show("robust in " + build.label(), checks++,
                                      run.builds.size() * kParts.size(), "checks");
            std::string trouble = part(run, build, deadline, result);
            if (trouble.empty()) continue;
            result.complete = false;
            result.reason = build.label() + ": " + std::move(trouble);
        }
    }
    return result;
}

}  // namespace firebreak::validator
