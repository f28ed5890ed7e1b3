#include <algorithm>
#include <memory>

#include "validator/stages/bisect.hpp"
#include "validator/stages/faults.hpp"
#include "validator/stages/sentinel.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::seconds;

/// Halving 10,000 files and then 10,000 lines from both ends takes 42.
constexpr std::uint64_t kProbesMax = 48;

/// While looking for the culprit of a hang, longer than any rule that ends takes (1.2 s was the
/// slowest of 40,000 measured), and shorter than the limit that found it.
constexpr Patience kHangProbe{.cpu = seconds{2}, .wall = seconds{10}};

constexpr std::size_t kDiagnosticsShown = 20;

/// One content in one fresh worker.
struct Attempt {
    std::unique_ptr<Executor> executor;
    LoadRun load;
};

/// The load stage for one engine build.
class BuildLoad {
public:
    BuildLoad(Run& run, Build& build, StageDeadline deadline, StageResult& result)
        : run_(run), build_(build), deadline_(deadline), result_(result) {}

    void check();

private:
    Attempt attempt(const std::vector<FileView>& files, const Patience& patience);
    bool sentinel_works(const Sentinel& sentinel);
    bool content_loads();
    void note_warnings(const std::vector<sensor::Diagnostic>& diagnostics);
    void read_description(Executor& executor);
    void report_refusal(const LoadRun& load);
    void report_fault(const Verdict& verdict);
    void check_neighbour(const Sentinel& sentinel);
    std::optional<Verdict> silenced(const Sentinel& sentinel, const SentinelInput& input,
                                    const std::vector<FileView>& files);
    void report_silence(const Sentinel& sentinel, const SentinelInput& input,
                        const Verdict& verdict);
    void report_scan_fault(const SentinelInput& input, const Verdict& verdict);
    void give_up(std::string reason);
    bool out_of_time() const { return run_.tools().clock.steady() > deadline_; }
    Reproducer reproducer_of(const Finding& finding, const std::vector<FileView>& files,
                             Outcome expected) const;

    Run& run_;
    Build& build_;
    StageDeadline deadline_;
    StageResult& result_;
    std::uint64_t sentinel_rules_ = 0;
};

void BuildLoad::give_up(std::string reason) {
    result_.complete = false;
    result_.reason = build_.label() + ": " + std::move(reason);
}

Attempt BuildLoad::attempt(const std::vector<FileView>& files, const Patience& patience) {
    Attempt attempt;
    const Result<ContentImage> image = ContentImage::make(files);
    if (!image) {
        attempt.load.verdict.message = image.error().to_string();
        return attempt;
    }
    attempt.executor = std::make_unique<Executor>(run_.tools().program, run_.profile().sandbox,
                                                  run_.tools().clock);
    attempt.load.verdict = attempt.executor->open(build_.file, *image).verdict;
    run_.record(attempt.executor->confinement());
    if (!passes(attempt.load.verdict)) {
        // It opened before, so this is the machine's doing and not the content's.
        attempt.load.verdict = {.outcome = Outcome::kNotRun,
                                .message = describe(attempt.load.verdict)};
        return attempt;
    }
    const sensor::LoadLimits limits{.memory_bytes_max = run_.profile().sandbox.memory_bytes_max};
    attempt.load = attempt.executor->load(limits, patience);
    if (attempt.load.verdict.outcome != Outcome::kNotRun) ++result_.executions;
    return attempt;
}

/// The check of the check: alone, the sentinel must load and match.
bool BuildLoad::sentinel_works(const Sentinel& sentinel) {
    Attempt alone =
        attempt({{sentinel.file, bytes_of(sentinel.text)}}, run_.profile().sandbox.load);
    if (!passes(alone.load.verdict)) {
        give_up("the validator's own rule does not load: " + describe(alone.load.verdict));
        return false;
    }
    sentinel_rules_ = alone.load.rules;
    for (const SentinelInput& input : sentinel_inputs()) {
        const EvaluateRun scan = alone.executor->evaluate(input.name, input.bytes);
        const bool matched = passes(scan.verdict) &&
                             std::ranges::find(scan.matches, sentinel.rule, &sensor::Match::rule) !=
                                 scan.matches.end();
        if (!matched) {
            give_up("the validator's own rule does not match " + std::string(input.name) + ": " +
                    describe(scan.verdict));
            return false;
        }
        ++result_.executions;
    }
    return true;
}

void BuildLoad::check() {
    const Sentinel* sentinel = sentinel_for(run_.bundle->manifest.content_type);
    if (sentinel == nullptr) {
        give_up("there is no sentinel for content of type " + run_.bundle->manifest.content_type);
        return;
    }
    if (!sentinel_works(*sentinel) || !content_loads()) return;
    check_neighbour(*sentinel);
}

bool BuildLoad::content_loads() {
    Attempt whole = attempt(run_.content_views(), run_.profile().sandbox.load);
    const Verdict& verdict = whole.load.verdict;
    if (verdict.outcome == Outcome::kNotRun) {
        give_up(describe(verdict));
        return false;
    }
    note_warnings(whole.load.diagnostics);
    if (!passes(verdict)) {
        const bool placed = std::ranges::any_of(
            whole.load.diagnostics, [](const auto& diagnostic) { return diagnostic.error; });
        if (verdict.outcome == Outcome::kRefused && placed) {
            report_refusal(whole.load);
        } else {
            report_fault(verdict);
        }
        return false;
    }
    build_.rules = whole.load.rules;
    if (build_.rules == 0) {
        run_.add({.id = "FB510",
                  .message = build_.label() + " finds no rule in the content",
                  .build = build_.label()});
    }
    read_description(*whole.executor);
    return true;
}

void BuildLoad::note_warnings(const std::vector<sensor::Diagnostic>& diagnostics) {
    std::size_t shown = 0;
    for (const sensor::Diagnostic& diagnostic : diagnostics) {
        if (diagnostic.error || ++shown > kDiagnosticsShown) continue;
        run_.add({.id = "FB509",
                  .place = {.file = diagnostic.file, .line = diagnostic.line, .rule = {}},
                  .message = diagnostic.message,
                  .build = build_.label()});
    }
}

/// Where each rule stands, for later findings. An engine that cannot say is asked nothing more.
void BuildLoad::read_description(Executor& executor) {
    const DescribeRun described = executor.describe();
    if (described.verdict.outcome == Outcome::kNotRun) return;
    if (!passes(described.verdict)) {
        Finding finding{.id = std::string(load_fault_id(described.verdict.outcome)),
                        .message = build_.label() + " cannot describe what it loaded: " +
                                   describe(described.verdict),
                        .build = build_.label()};
        run_.add(std::move(finding));
        return;
    }
    ++result_.executions;
    const Result<JsonObject> object = JsonObject::of(described.description, "description");
    if (!object) return;
    const Result<const json::array*> rules = object->array("rules");
    if (!rules) return;
    for (const json::value& element : **rules) {
        const Result<JsonObject> rule = JsonObject::of(element, "rule");
        if (!rule) continue;
        const Result<std::string> name = rule->string("name");
        const Result<std::string> file = rule->string("file");
        const Result<std::int64_t> line = rule->integer("line", 0, UINT32_MAX);
        if (!name || !file) continue;
        build_.rule_places.push_back({*file, line ? static_cast<std::uint32_t>(*line) : 0, *name});
    }
}

Reproducer BuildLoad::reproducer_of(const Finding& finding, const std::vector<FileView>& files,
                                    Outcome expected) const {
    Reproducer reproducer{
        .finding = finding.id, .engine = build_.file.sha256, .expected = expected};
    for (const FileView& file : files) {
        reproducer.files.push_back({std::string(file.name), copy_of(file.bytes)});
    }
    return reproducer;
}

void BuildLoad::report_refusal(const LoadRun& load) {
    std::size_t shown = 0;
    for (const sensor::Diagnostic& diagnostic : load.diagnostics) {
        if (!diagnostic.error || ++shown > kDiagnosticsShown) continue;
        Finding finding{.id = "FB501",
                        .place = {.file = diagnostic.file, .line = diagnostic.line, .rule = {}},
                        .message = build_.label() + " refuses it: " + diagnostic.message,
                        .build = build_.label()};
        if (shown == 1) {
            std::vector<FileView> files = run_.content_views();
            const auto named = std::ranges::find(files, diagnostic.file, &FileView::name);
            if (named != files.end()) files = {*named};
            run_.attach(reproducer_of(finding, files, load.verdict.outcome), build_.file, finding);
        }
        run_.add(std::move(finding));
    }
}

void BuildLoad::report_fault(const Verdict& verdict) {
    const Patience patience =
        verdict.outcome == Outcome::kTimedOut ? kHangProbe : run_.profile().sandbox.load;
    const FaultProbe shows = [&](const std::vector<FileView>& files) {
        if (out_of_time()) return false;
        const Verdict seen = attempt(files, patience).load.verdict;
        return seen.outcome == verdict.outcome &&
               (verdict.outcome != Outcome::kCrashed || seen.detail == verdict.detail);
    };
    const Culprit culprit = bisect(run_.content_views(), shows, kProbesMax);

    Finding finding{.id = std::string(load_fault_id(verdict.outcome)),
                    .place = culprit.place,
                    .message = build_.label() + " " + describe(verdict) + " on loading ",
                    .build = build_.label(),
                    .evidence = verdict.message};
    if (culprit.place.file.empty()) {
        finding.message += std::to_string(culprit.files.size()) + " files together";
    } else {
        finding.message += culprit.place.file;
        if (culprit.last_line != 0) {
            finding.message += ", lines " + std::to_string(culprit.place.line) + " to " +
                               std::to_string(culprit.last_line);
        }
    }
    run_.attach(reproducer_of(finding, culprit.files, verdict.outcome), build_.file, finding);
    run_.add(std::move(finding));
}

void BuildLoad::check_neighbour(const Sentinel& sentinel) {
    std::vector<FileView> files = run_.content_views();
    files.push_back({sentinel.file, bytes_of(sentinel.text)});
    Attempt both = attempt(files, run_.profile().sandbox.load);
    if (both.load.verdict.outcome == Outcome::kNotRun) {
        give_up(describe(both.load.verdict));
        return;
    }
    if (!passes(both.load.verdict) || both.load.rules != build_.rules + sentinel_rules_) {
        run_.add({.id = "FB508",
                  .message = build_.label() + " does not load the content beside one more rule: " +
                             describe(both.load.verdict),
                  .build = build_.label()});
        return;
    }
    for (const SentinelInput& input : sentinel_inputs()) {
        const EvaluateRun scan = both.executor->evaluate(input.name, input.bytes);
        if (scan.verdict.outcome == Outcome::kNotRun) {
            give_up(describe(scan.verdict));
            return;
        }
        ++result_.executions;
        const bool matched = std::ranges::find(scan.matches, sentinel.rule, &sensor::Match::rule) !=
                             scan.matches.end();
        if (passes(scan.verdict) && matched) continue;
        if (ends_worker(scan.verdict.outcome)) {
            report_scan_fault(input, scan.verdict);
        } else {
            report_silence(sentinel, input, scan.verdict);
        }
        return;
    }
}

void BuildLoad::report_scan_fault(const SentinelInput& input, const Verdict& verdict) {
    Finding finding{.id = std::string(load_fault_id(verdict.outcome)),
                    .message = build_.label() + " " + describe(verdict) + " on scanning " +
                               std::string(input.name),
                    .build = build_.label(),
                    .input = std::string(input.name),
                    .evidence = verdict.message};
    Reproducer reproducer = reproducer_of(finding, run_.content_views(), verdict.outcome);
    reproducer.evaluates = true;
    reproducer.input_name = input.name;
    reproducer.input = input.bytes;
    run_.attach(reproducer, build_.file, finding);
    run_.add(std::move(finding));
}

/// How a scan of `input` ended when the sentinel did not match beside `files`; nothing when it did.
std::optional<Verdict> BuildLoad::silenced(const Sentinel& sentinel, const SentinelInput& input,
                                           const std::vector<FileView>& files) {
    std::vector<FileView> both = files;
    both.push_back({sentinel.file, bytes_of(sentinel.text)});
    Attempt loaded = attempt(both, run_.profile().sandbox.load);
    if (!passes(loaded.load.verdict)) return std::nullopt;
    const EvaluateRun scan = loaded.executor->evaluate(input.name, input.bytes);
    if (ends_worker(scan.verdict.outcome) && !passes(scan.verdict)) return std::nullopt;
    const bool matched =
        std::ranges::find(scan.matches, sentinel.rule, &sensor::Match::rule) != scan.matches.end();
    if (matched) return std::nullopt;
    return scan.verdict;
}

void BuildLoad::report_silence(const Sentinel& sentinel, const SentinelInput& input,
                               const Verdict& verdict) {
    const FaultProbe shows = [&](const std::vector<FileView>& files) {
        return !out_of_time() && silenced(sentinel, input, files).has_value();
    };
    const Culprit culprit = bisect(run_.content_views(), shows, kProbesMax);
    Finding finding{.id = "FB508",
                    .place = culprit.place,
                    .message = "in " + build_.label() +
                               " the validator's own rule no longer matches " +
                               std::string(input.name) + " beside ",
                    .build = build_.label(),
                    .input = std::string(input.name),
                    .evidence = passes(verdict) ? std::string() : describe(verdict)};
    if (culprit.place.file.empty()) {
        finding.message += "the content";
    } else {
        finding.message += culprit.place.file;
        if (culprit.last_line != 0) {
            finding.message += ", lines " + std::to_string(culprit.place.line) + " to " +
                               std::to_string(culprit.last_line);
        }
    }
    std::vector<FileView> files = culprit.files;
    files.push_back({sentinel.file, bytes_of(sentinel.text)});
    Reproducer reproducer = reproducer_of(finding, files, verdict.outcome);
    reproducer.evaluates = true;
    reproducer.input_name = input.name;
    reproducer.input = input.bytes;
    run_.attach(reproducer, build_.file, finding);
    run_.add(std::move(finding));
}

void compare_rule_counts(Run& run) {
    for (const Build& build : run.builds) {
        if (build.rules == run.builds.front().rules) continue;
        run.add({.id = "FB507",
                 .message = build.label() + " loads " + std::to_string(build.rules) + " rules, " +
                            run.builds.front().label() + " loads " +
                            std::to_string(run.builds.front().rules),
                 .build = build.label()});
    }
}

}  // namespace

StageResult check_load(Run& run, StageDeadline deadline) {
    StageResult result;
    const std::uint64_t errors_before = run.errors();
    for (Build& build : run.builds) {
        if (run.tools().clock.steady() > deadline) {
            result.complete = false;
            result.reason = "out of time before " + build.label();
            break;
        }
        run.tools().progress.show("load", static_cast<std::uint64_t>(&build - run.builds.data()),
                                  run.builds.size(), "builds");
        BuildLoad(run, build, deadline, result).check();
    }
    const bool all_loaded = result.complete && run.errors() == errors_before;
    if (all_loaded) compare_rule_counts(run);
    return result;
}

}  // namespace firebreak::validator
