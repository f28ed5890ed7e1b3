#include "validator/stages/made_samples.hpp"

#include <algorithm>
#include <set>

#include "validator/generate/yara_samples.hpp"
#include "validator/stages/evidence.hpp"
#include "validator/stages/faults.hpp"

namespace firebreak::validator {
namespace {

/// Rules without a match that get a finding of their own; the rest are counted.
constexpr std::size_t kUnmatchedListed = 50;

constexpr CorpusCaps kGivenCaps{
    .files_max = 100'000, .bytes_max = 1U << 30U, .file_bytes_max = 16U << 20U};

class Samples {
public:
    Samples(Run& run, const Build& build, const ContentImage& content, StageDeadline deadline,
            ReplayCache* cache)
        : run_(run), build_(build), content_(content), deadline_(deadline), cache_(cache) {}

    std::string check();

private:
    bool start();
    bool describe_rules();
    void drive_given();
    void note_given(const std::string& root, const std::vector<GoodwareFile>& files,
                    const std::vector<FileRun>& runs);
    void drive_made(const YaraRule& rule);
    bool drive(const std::string& name, const Bytes& input);
    bool known(const Sha256& input);
    void report();

    Run& run_;
    const Build& build_;
    const ContentImage& content_;
    StageDeadline deadline_;
    ReplayCache* cache_;
    std::optional<Executor> executor_;  ///< From the first input on that the cache does not know.
    std::vector<YaraRule> rules_;
    std::set<std::string> matched_;
    std::uint64_t driven_ = 0;
    std::uint64_t cached_ = 0;  ///< Of those driven: in an earlier run.
    std::string trouble_;
};

bool Samples::start() {
    executor_.emplace(run_.program_for(build_.file), run_.profile().sandbox, run_.tools().clock);
    Verdict verdict = executor_->open(build_.file, content_).verdict;
    run_.record(executor_->confinement());
    if (passes(verdict)) {
        verdict =
            executor_->load({.memory_bytes_max = run_.profile().sandbox.memory_bytes_max}).verdict;
    }
    if (passes(verdict)) return true;
    trouble_ = build_.label() + ": no worker for samples: " + validator::describe(verdict);
    return false;
}

/// Without a description there is nothing to make samples of; the load stage has said so.
///
/// @returns false when no worker could be asked.
bool Samples::describe_rules() {
    DescribeRun described;
    if (build_.description.is_null()) {  // The load stage was switched off.
        if (!start()) return false;
        described = executor_->describe();
    }
    Result<std::vector<YaraRule>> rules =
        yara_rules(executor_ ? described.description : build_.description);
    if (rules) rules_ = *std::move(rules);
    return true;
}

bool Samples::known(const Sha256& input) {
    const auto matches = cache_->matches_of(input);
    if (!matches) return false;
    ++driven_;
    ++cached_;
    for (const sensor::Match& match : *matches) matched_.insert(match.rule);
    return true;
}

/// @returns false when nothing more can be driven.
bool Samples::drive(const std::string& name, const Bytes& input) {
    if (run_.tools().clock.steady() > deadline_) {
        trouble_ = build_.label() + ": out of time for samples";
        return false;
    }
    if (input.size() > build_.capabilities.input_bytes_max) return true;
    const std::optional<Sha256> digest =
        cache_ != nullptr ? std::optional(sha256(input)) : std::nullopt;
    if (digest && known(*digest)) return true;
    if (!executor_ && !start()) return false;
    const EvaluateRun scan = executor_->evaluate(name, input);
    ++driven_;
    for (const sensor::Match& match : scan.matches) matched_.insert(match.rule);
    if (passes(scan.verdict)) {
        if (digest) cache_->remember(*digest, scan.matches);
        return true;
    }
    if (scan.verdict.outcome == Outcome::kNotRun) {
        trouble_ = build_.label() + ": " + validator::describe(scan.verdict);
        return false;
    }
    Evidence evidence(run_, build_, CorpusKind::kGoodware);
    evidence.weigh(name, input,
                   {.read = true,
                    .cached = false,
                    .sha256 = sha256(input),
                    .verdict = scan.verdict,
                    .matches = {}});
    return !ends_worker(scan.verdict.outcome) || start();
}

void Samples::drive_given() {
    for (const std::filesystem::path& root : run_.request().samples) {
        const Result<Goodware> files = list_goodware(root, kGivenCaps, run_.request().seed);
        if (!files) {
            trouble_ = files.error().to_string();
            return;
        }
        std::vector<FileRun> runs(files->files.size());
        for (std::size_t index = 0; index < runs.size() && trouble_.empty(); ++index) {
            const GoodwareFile& file = files->files[index];
            const Result<Bytes> bytes =
                run_.tools().files.read(file.path, kGivenCaps.file_bytes_max);
            if (!bytes) continue;
            runs[index].read = true;
            runs[index].sha256 = sha256(*bytes);
            if (!drive(file.name, *bytes)) break;
        }
        note_given(root.string(), files->files, runs);
        if (!trouble_.empty()) return;
    }
}

/// Once, and not for each build: all of them are shown the same.
void Samples::note_given(const std::string& root, const std::vector<GoodwareFile>& files,
                         const std::vector<FileRun>& runs) {
    if (&build_ != run_.builds.data()) return;
    run_.corpora.push_back(attested_corpus("samples:" + root, files, runs));
    const auto unread = std::ranges::count(runs, false, &FileRun::read);
    if (unread == 0) return;
    run_.notes.push_back(root + ": " + std::to_string(unread) +
                         " samples not driven: not readable, or out of time");
}

void Samples::drive_made(const YaraRule& rule) {
    if (matched_.contains(rule.name)) return;
    each_matching_sample(rule, run_.request().seed, {}, [&](const YaraSample& sample) {
        return drive(sample.name, sample.bytes) && !matched_.contains(rule.name);
    });
}

void Samples::report() {
    std::size_t unmatched = 0;
    for (const YaraRule& rule : rules_) {
        if (matched_.contains(rule.name) || ++unmatched > kUnmatchedListed) continue;
        run_.add({.id = "FB708",
                  .place = place_of(build_, rule.name),
                  .message = "no sample is matched by rule " + rule.name,
                  .build = build_.label()});
    }
    run_.notes.push_back(
        build_.label() + ": " + std::to_string(rules_.size() - unmatched) + " of " +
        std::to_string(rules_.size()) + " rules match one of " + std::to_string(driven_) +
        " samples" +
        (cached_ > 0 ? " (" + std::to_string(cached_) + " answers from the cache)" : "") +
        (unmatched > kUnmatchedListed
             ? "; the first " + std::to_string(kUnmatchedListed) + " that do not are listed"
             : ""));
}

std::string Samples::check() {
    if (!describe_rules()) return trouble_;
    drive_given();
    for (const YaraRule& rule : rules_) {
        if (!trouble_.empty()) return trouble_;
        // A private rule reports nothing; what matters is the rule that names it.
        if (!rule.is_private) drive_made(rule);
    }
    std::erase_if(rules_, [](const YaraRule& rule) { return rule.is_private; });
    if (trouble_.empty() && !rules_.empty()) report();
    return trouble_;
}

}  // namespace

std::string check_samples(Run& run, const Build& build, const ContentImage& content,
                          StageDeadline deadline, ReplayCache* cache) {
    if (takes_events(run.bundle->manifest.content_type)) {
        const bool first = &build == run.builds.data();
        if (first && !run.request().samples.empty()) {
            run.notes.push_back(
                "--samples are files, and this content is about events: they were not used; the "
                "directed stage makes events for each rule");
        }
        return {};
    }
    return Samples(run, build, content, deadline, cache).check();
}

}  // namespace firebreak::validator
