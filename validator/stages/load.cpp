#include <algorithm>
#include <memory>

#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/faults.hpp"
#include "validator/stages/sentinel.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kDiagnosticsShown = 20;

/// The load stage for one engine build.
class BuildLoad {
public:
    BuildLoad(Run& run, Build& build, StageDeadline deadline, StageResult& result)
        : run_(run), build_(build), deadline_(deadline), result_(result) {}

    void check();

private:
    Attempt attempt(const std::vector<FileView>& files, const Patience& patience) {
        return attempt_load(run_, build_, files, patience, result_);
    }
    bool sentinel_works(const Sentinel& sentinel);
    bool content_loads();
    void note_warnings(const std::vector<sensor::Diagnostic>& diagnostics);
    void read_description(Executor& executor);
    void report_refusal(const LoadRun& load);
    void report_fault(const Verdict& verdict);
    void give_up(std::string reason);
    bool out_of_time() const { return run_.tools().clock.steady() > deadline_; }

    Run& run_;
    Build& build_;
    StageDeadline deadline_;
    StageResult& result_;
};

void BuildLoad::give_up(std::string reason) {
    result_.complete = false;
    result_.reason = build_.label() + ": " + std::move(reason);
}

/// The check of the check: alone, the sentinel must load and match.
bool BuildLoad::sentinel_works(const Sentinel& sentinel) {
    const Bytes own = sentinel.alone();
    Attempt alone = attempt({{sentinel.file, own}}, run_.profile().sandbox.load);
    if (!passes(alone.load.verdict) || alone.load.rules != 1) {
        give_up("the validator's own rule does not load: " + describe(alone.load.verdict));
        return false;
    }
    const SentinelInput input = sentinel_inputs(sentinel).front();
    const EvaluateRun scan = alone.executor->evaluate(input.name, input.bytes);
    const bool matched = std::ranges::find(scan.matches, sentinel.rule(0), &sensor::Match::rule) !=
                         scan.matches.end();
    if (!passes(scan.verdict) || !matched) {
        give_up("the validator's own rule does not match " + input.name + ": " +
                describe(scan.verdict));
        return false;
    }
    ++result_.executions;
    return true;
}

void BuildLoad::check() {
    const std::optional<Sentinel> sentinel =
        sentinel_for(run_.bundle->manifest.content_type, run_.content_views());
    if (!sentinel) {
        give_up("there is no sentinel for content of type " + run_.bundle->manifest.content_type);
        return;
    }
    if (!sentinel_works(*sentinel) || !content_loads()) return;
    std::string trouble = check_neighbours(run_, build_, *sentinel, deadline_, result_);
    if (!trouble.empty()) give_up(std::move(trouble));
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
                        .build = build_.label(),
                        .measured = described.verdict.measured};
        run_.add(std::move(finding));
        return;
    }
    ++result_.executions;
    build_.description = described.description;
    const Result<JsonObject> object = JsonObject::of(build_.description, "description");
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
            run_.attach(load_reproducer(finding, build_, files, load.verdict), build_.file,
                        finding);
        }
        run_.add(std::move(finding));
    }
}

void BuildLoad::report_fault(const Verdict& verdict) {
    Patience patience = run_.profile().sandbox.load;
    if (verdict.outcome == Outcome::kTimedOut) patience = hang_patience(patience);
    const FaultProbe shows = [&](const std::vector<FileView>& files) {
        if (out_of_time()) return false;
        const Verdict seen = attempt(files, patience).load.verdict;
        return seen.outcome == verdict.outcome &&
               (verdict.outcome != Outcome::kCrashed || seen.detail == verdict.detail);
    };
    const Culprit culprit = bisect(run_.content_views(), shows, kProbesMax);

    Finding finding{
        .id = std::string(load_fault_id(verdict.outcome)),
        .place = culprit.place,
        .message = build_.label() + " " + describe(verdict) + " on loading " + blamed(culprit),
        .build = build_.label(),
        .evidence = verdict.message,
        .measured = verdict.measured};
    run_.attach(load_reproducer(finding, build_, culprit.files, verdict), build_.file, finding);
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
    check_twins(run, deadline, result);
    return result;
}

}  // namespace firebreak::validator
