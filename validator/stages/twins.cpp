#include <algorithm>
#include <set>

#include "validator/sandbox/sanitizer.hpp"
#include "validator/stages/attempt.hpp"

namespace firebreak::validator {
namespace {

/// What one build makes of a content, or of an input with the content loaded.
struct Answer {
    Verdict verdict;
    std::uint64_t rules = 0;
    std::set<std::string> matched{};
};

/// Whether the engine itself said yes or no.
bool spoke(const Verdict& verdict) {
    return !ends_worker(verdict.outcome);
}

/// Slower and larger than the build in the field, which says nothing about the content.
bool gave_out(const Verdict& verdict) {
    return verdict.outcome == Outcome::kNotRun || verdict.outcome == Outcome::kTimedOut ||
           verdict.outcome == Outcome::kOutOfMemory;
}

std::string words_of(const Answer& answer, bool loading) {
    if (!passes(answer.verdict)) return describe(answer.verdict);
    if (loading) return "loads " + std::to_string(answer.rules) + " rules";
    std::string names;
    for (const std::string& rule : answer.matched) names += (names.empty() ? "" : ", ") + rule;
    return "matches " + (names.empty() ? "nothing" : names);
}

bool same(const Answer& a, const Answer& b) {
    return a.verdict.outcome == b.verdict.outcome && a.rules == b.rules && a.matched == b.matched;
}

/// One twin beside its production build. Both are asked the same, one after the other, in fresh
/// workers: what the load stage saw before is not taken for granted.
class TwinCheck {
public:
    TwinCheck(Run& run, const Build& build, Build& twin, StageDeadline deadline,
              StageResult& result)
        : run_(run), build_(build), twin_(twin), deadline_(deadline), result_(result) {}

    /// @returns why it could not look at everything; empty when it did, or found something.
    std::string check();

private:
    struct Pair {
        Answer production;
        Answer twin;
    };

    /// The content in both.
    struct Loaded {
        Attempt production;
        Attempt twin;
    };

    Loaded load(const std::vector<FileView>& files);
    Answer scan(Executor& executor, const SentinelInput& input);
    std::string judge(const Pair& pair, const SentinelInput* input);
    bool shows(const std::vector<FileView>& files, const SentinelInput* input, const Pair& seen);
    void report(const Pair& pair, const SentinelInput* input);
    void attach(const Pair& pair, const SentinelInput* input, const Culprit& culprit,
                Finding& finding);
    bool out_of_time() const { return run_.tools().clock.steady() > deadline_; }

    Run& run_;
    const Build& build_;
    Build& twin_;
    StageDeadline deadline_;
    StageResult& result_;
    bool reported_ = false;
};

TwinCheck::Loaded TwinCheck::load(const std::vector<FileView>& files) {
    const Patience& patience = run_.profile().sandbox.load;
    return {.production = attempt_load(run_, build_, files, patience, result_),
            .twin = attempt_load(run_, twin_, files, patience, result_)};
}

Answer answer_of(const LoadRun& load) {
    return {.verdict = load.verdict, .rules = load.rules};
}

Answer TwinCheck::scan(Executor& executor, const SentinelInput& input) {
    EvaluateRun run = executor.evaluate(input.name, input.bytes);
    if (run.verdict.outcome != Outcome::kNotRun) ++result_.executions;
    Answer answer{.verdict = std::move(run.verdict)};
    for (sensor::Match& match : run.matches) answer.matched.insert(std::move(match.rule));
    return answer;
}

/// @returns what keeps it from going on with this content.
std::string TwinCheck::judge(const Pair& pair, const SentinelInput* input) {
    if (!spoke(pair.production.verdict)) {
        // What the build in the field does by itself is the business of the checks before this one.
        return build_.rules == 0 && input == nullptr
                   ? std::string()
                   : build_.label() + ": " + describe(pair.production.verdict);
    }
    if (gave_out(pair.twin.verdict)) {
        return "the sanitizer twin of " + build_.label() + " " + describe(pair.twin.verdict);
    }
    if (!same(pair.production, pair.twin)) report(pair, input);
    return {};
}

std::string TwinCheck::check() {
    const std::vector<FileView> files = run_.content_views();
    Loaded loaded = load(files);
    const Pair loads{answer_of(loaded.production.load), answer_of(loaded.twin.load)};
    twin_.rules = loads.twin.rules;
    std::string trouble = judge(loads, nullptr);
    if (!trouble.empty() || reported_ || !passes(loads.production.verdict)) return trouble;

    const std::optional<Sentinel> sentinel =
        sentinel_for(run_.bundle->manifest.content_type, files);
    if (!sentinel) return trouble;
    for (const SentinelInput& input : sentinel_inputs(*sentinel)) {
        if (out_of_time()) return "out of time in the sanitizer twin of " + build_.label();
        const Pair scans{scan(*loaded.production.executor, input),
                         scan(*loaded.twin.executor, input)};
        trouble = judge(scans, &input);
        if (!trouble.empty() || reported_) break;
    }
    return trouble;
}

/// Whether `files` are enough for the two to differ, the twin in the way that was seen.
bool TwinCheck::shows(const std::vector<FileView>& files, const SentinelInput* input,
                      const Pair& seen) {
    if (out_of_time()) return false;
    Loaded loaded = load(files);
    Pair now{answer_of(loaded.production.load), answer_of(loaded.twin.load)};
    if (input != nullptr) {
        if (!passes(now.production.verdict) || !passes(now.twin.verdict)) return false;
        now = {scan(*loaded.production.executor, *input), scan(*loaded.twin.executor, *input)};
    }
    return spoke(now.production.verdict) && !gave_out(now.twin.verdict) &&
           now.twin.verdict.outcome == seen.twin.verdict.outcome && !same(now.production, now.twin);
}

void TwinCheck::report(const Pair& pair, const SentinelInput* input) {
    reported_ = true;
    const FaultProbe probe = [&](const std::vector<FileView>& files) {
        return shows(files, input, pair);
    };
    const Culprit culprit = bisect(run_.content_views(), probe, kProbesMax);
    const Verdict& verdict = pair.twin.verdict;
    const bool faulted = ends_worker(verdict.outcome);
    const std::string summary = report_summary(verdict.message);
    const std::string place = input == nullptr
                                  ? " on loading " + blamed(culprit)
                                  : " on scanning " + input->name + " with " + blamed(culprit);
    Finding finding{
        .id = faulted ? "FB512" : "FB513",
        .place = culprit.place,
        .build = build_.label(),
        .input = input == nullptr ? std::string() : input->name,
        .evidence = summary.empty() ? verdict.message : summary + ": " + verdict.message,
        .measured = verdict.measured};
    if (faulted) {
        const Verdict bare{.outcome = verdict.outcome, .detail = verdict.detail};
        finding.message = "the sanitizer twin of " + build_.label() + " " + describe(bare) + place +
                          (summary.empty() ? "" : ": " + summary);
    } else {
        finding.message = build_.label() + " " + words_of(pair.production, input == nullptr) +
                          ", its sanitizer twin " + words_of(pair.twin, input == nullptr) + place;
    }
    attach(pair, input, culprit, finding);
    run_.add(std::move(finding));
}

/// A file that shows what one of the two did: the twin, unless it was the one that went well. Rules
/// that were counted or matched otherwise take both to see.
void TwinCheck::attach(const Pair& pair, const SentinelInput* input, const Culprit& culprit,
                       Finding& finding) {
    const bool of_twin = !passes(pair.twin.verdict);
    const Verdict& verdict = of_twin ? pair.twin.verdict : pair.production.verdict;
    if (passes(verdict)) return;
    const Build& build = of_twin ? twin_ : build_;
    Reproducer reproducer = load_reproducer(finding, build, culprit.files, verdict);
    if (input != nullptr) {
        reproducer.evaluates = true;
        reproducer.input_name = input->name;
        reproducer.input = input->bytes;
    }
    run_.attach(std::move(reproducer), build.file, finding);
}

/// What must be the same for two builds to be of one engine; the build id is not.
std::string difference(const sensor::CapabilityManifest& a, const sensor::CapabilityManifest& b) {
    if (a.name != b.name || a.version != b.version) return "is " + b.name + " " + b.version;
    if (a.content_types != b.content_types) return "takes other types of content";
    if (a.contracts != b.contracts) return "supplies other contracts";
    if (a.capabilities != b.capabilities) return "has other capabilities";
    const bool limits = a.content_bytes_max == b.content_bytes_max &&
                        a.input_bytes_max == b.input_bytes_max && a.rules_max == b.rules_max &&
                        a.counter_max == b.counter_max;
    return limits ? std::string() : "has other limits";
}

/// Opens a twin and adds it to the run. @returns why it cannot be driven; empty: it can.
std::string open_twin(Run& run, const TwinFile& file, const Build& build) {
    const std::string name = "the sanitizer twin of " + build.label() + " ";
    if (&run.program_for(file.file) != run.tools().twin_host && !run.tools().program.sanitized()) {
        return name + "was not driven: there is no twin host (--twin-host)";
    }
    const Result<ContentImage> nothing = ContentImage::make({});
    if (!nothing) return name + nothing.error().to_string();
    Executor executor(run.program_for(file.file), run.profile().sandbox, run.tools().clock);
    OpenRun opened = executor.open(file.file, *nothing);
    run.record(executor.confinement());
    if (!passes(opened.verdict)) return name + "does not open: " + describe(opened.verdict);
    const std::string other = difference(build.capabilities, opened.capabilities);
    if (!other.empty()) return name + "is another engine: it " + other;
    run.twins.push_back(
        {.build = {.file = file.file, .capabilities = std::move(opened.capabilities)},
         .of = build.file.sha256});
    return {};
}

void give_up(StageResult& result, std::string why) {
    if (why.empty()) return;
    result.complete = false;
    result.reason = std::move(why);
}

/// What a build survives in the field it survives here, too, unless somebody looks closer.
void note_builds_without(Run& run) {
    std::vector<std::string> without;
    for (const Build& build : run.builds) {
        if (std::ranges::find(run.twins, build.file.sha256, &Twin::of) == run.twins.end()) {
            without.push_back(build.label());
        }
    }
    if (without.empty()) return;
    constexpr std::size_t kShown = 3;
    std::string names;
    for (std::size_t index = 0; index < std::min(without.size(), kShown); ++index) {
        names += (names.empty() ? "" : ", ") + without[index];
    }
    if (without.size() > kShown)
        names += " and " + std::to_string(without.size() - kShown) + " more";
    run.notes.push_back("no sanitizer twin was driven of " + names +
                        ": faults that they survive were not looked for");
}

}  // namespace

void check_twins(Run& run, StageDeadline deadline, StageResult& result) {
    for (const TwinFile& file : run.request().twins) {
        const Build* build = run.build_of(file.of);
        if (build == nullptr) continue;  // It did not open, which has been said.
        if (run.tools().clock.steady() > deadline) {
            give_up(result, "out of time before the sanitizer twin of " + build->label());
            break;
        }
        const std::string trouble = open_twin(run, file, *build);
        give_up(result, trouble);
        if (!trouble.empty()) continue;
        Twin& twin = run.twins.back();
        give_up(result, TwinCheck(run, *build, twin.build, deadline, result).check());
    }
    note_builds_without(run);
}

}  // namespace firebreak::validator
