#include <algorithm>
#include <set>

#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/faults.hpp"

namespace firebreak::validator {
namespace {

/// Sentinels at a time: a host takes 10,000 matches for one input.
constexpr std::size_t kFilesAtATime = 1000;

/// A content with sentinels in it, and the storage for what was put behind files.
class Guarded {
public:
    /// `files`, with a sentinel behind each of the `count` from `first` on, and one in a file of
    /// its own (number 0). The sentinel behind files[i] has number i + 1.
    Guarded(const std::vector<FileView>& files, const Sentinel& sentinel, std::size_t first,
            std::size_t count)
        : own_(sentinel.alone()) {
        changed_.reserve(count);
        for (std::size_t index = 0; index < files.size(); ++index) {
            if (index < first || index >= first + count) {
                views_.push_back(files[index]);
                continue;
            }
            changed_.push_back(sentinel.inside(files[index].bytes, index + 1));
            views_.push_back({files[index].name, changed_.back()});
        }
        views_.push_back({sentinel.file, own_});
    }

    const std::vector<FileView>& views() const { return views_; }

private:
    Bytes own_;
    std::vector<Bytes> changed_;
    std::vector<FileView> views_;
};

class NeighbourCheck {
public:
    NeighbourCheck(Run& run, const Build& build, const Sentinel& sentinel, StageDeadline deadline,
                   StageResult& result)
        : run_(run),
          build_(build),
          sentinel_(sentinel),
          deadline_(deadline),
          result_(result),
          files_(run.content_views()),
          inputs_(sentinel_inputs(sentinel)) {}

    std::string check();

private:
    struct Scan {
        Verdict verdict;
        std::set<std::string> matched;
    };

    bool check_files(std::size_t first, std::size_t count);
    Scan scan(Executor& executor, const SentinelInput& input);
    void report_files(const std::set<std::size_t>& silenced);
    void report_file(std::size_t index);
    void report_outage(const SentinelInput& input, const Verdict& verdict);
    bool outage_shows(const SentinelInput& input, const std::vector<FileView>& files);
    bool file_is_silenced(const std::vector<FileView>& files);
    bool out_of_time() const { return run_.tools().clock.steady() > deadline_; }

    Run& run_;
    const Build& build_;
    const Sentinel& sentinel_;
    StageDeadline deadline_;
    StageResult& result_;
    std::vector<FileView> files_;
    std::vector<SentinelInput> inputs_;
    std::string trouble_;
};

std::string NeighbourCheck::check() {
    for (std::size_t first = 0; first < files_.size(); first += kFilesAtATime) {
        if (!check_files(first, std::min(kFilesAtATime, files_.size() - first))) break;
    }
    return trouble_;
}

NeighbourCheck::Scan NeighbourCheck::scan(Executor& executor, const SentinelInput& input) {
    EvaluateRun run = executor.evaluate(input.name, input.bytes);
    if (run.verdict.outcome != Outcome::kNotRun) ++result_.executions;
    Scan scan{.verdict = std::move(run.verdict), .matched = {}};
    for (sensor::Match& match : run.matches) scan.matched.insert(std::move(match.rule));
    return scan;
}

/// @returns false when there is no point in looking at the next files.
bool NeighbourCheck::check_files(std::size_t first, std::size_t count) {
    const Guarded guarded(files_, sentinel_, first, count);
    Attempt both =
        attempt_load(run_, build_, guarded.views(), run_.profile().sandbox.load, result_);
    if (both.load.verdict.outcome == Outcome::kNotRun) {
        trouble_ = describe(both.load.verdict);
        return false;
    }
    if (!passes(both.load.verdict) || both.load.rules != build_.rules + count + 1) {
        run_.add({.id = "FB508",
                  .message = build_.label() + " does not load the content beside more rules: " +
                             describe(both.load.verdict),
                  .build = build_.label()});
        return false;
    }
    std::set<std::size_t> silenced;
    for (std::size_t index = first; index < first + count; ++index) silenced.insert(index);
    for (const SentinelInput& input : inputs_) {
        if (out_of_time()) {
            trouble_ = "out of time while looking for silenced rules";
            return false;
        }
        const Scan seen = scan(*both.executor, input);
        if (seen.verdict.outcome == Outcome::kNotRun) {
            trouble_ = describe(seen.verdict);
            return false;
        }
        if (!passes(seen.verdict) || (input.own && !seen.matched.contains(sentinel_.rule(0)))) {
            report_outage(input, seen.verdict);
            return false;
        }
        std::erase_if(silenced, [&](std::size_t index) {
            return seen.matched.contains(sentinel_.rule(index + 1));
        });
    }
    report_files(silenced);
    return true;
}

// ---- One file's own rules -------------------------------------------------------------------

void NeighbourCheck::report_files(const std::set<std::size_t>& silenced) {
    for (const std::size_t index : silenced) report_file(index);
}

/// True when the sentinel behind the only file matches none of the inputs.
bool NeighbourCheck::file_is_silenced(const std::vector<FileView>& files) {
    if (out_of_time()) return false;
    const Guarded guarded(files, sentinel_, 0, files.size());
    Attempt loaded =
        attempt_load(run_, build_, guarded.views(), run_.profile().sandbox.load, result_);
    if (!passes(loaded.load.verdict)) return false;
    return std::ranges::none_of(inputs_, [&](const SentinelInput& input) {
        const Scan seen = scan(*loaded.executor, input);
        return !passes(seen.verdict) || seen.matched.contains(sentinel_.rule(1));
    });
}

void NeighbourCheck::report_file(std::size_t index) {
    const FaultProbe shows = [&](const std::vector<FileView>& files) {
        return file_is_silenced(files);
    };
    const Culprit culprit = bisect({files_[index]}, shows, kProbesMax);
    Finding finding{.id = "FB511",
                    .place = culprit.place,
                    .message = "in " + build_.label() + " " + blamed(culprit) +
                               " keeps every other rule of that file from matching any of " +
                               std::to_string(inputs_.size()) + " kinds of input",
                    .build = build_.label()};
    const Guarded guarded(culprit.files, sentinel_, 0, culprit.files.size());
    Reproducer reproducer =
        load_reproducer(finding, build_, guarded.views(), {.outcome = Outcome::kAccepted});
    reproducer.evaluates = true;
    reproducer.input_name = inputs_.front().name;
    reproducer.input = inputs_.front().bytes;
    reproducer.missed_rule = sentinel_.rule(1);
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

// ---- Everybody's rules ----------------------------------------------------------------------

/// True when, beside `files`, a scan of `input` fails or leaves the sentinel out.
bool NeighbourCheck::outage_shows(const SentinelInput& input, const std::vector<FileView>& files) {
    if (out_of_time()) return false;
    const Guarded guarded(files, sentinel_, 0, 0);
    Attempt loaded =
        attempt_load(run_, build_, guarded.views(), run_.profile().sandbox.load, result_);
    if (!passes(loaded.load.verdict)) return false;
    const Scan seen = scan(*loaded.executor, input);
    return seen.verdict.outcome != Outcome::kNotRun &&
           !(passes(seen.verdict) && (!input.own || seen.matched.contains(sentinel_.rule(0))));
}

void NeighbourCheck::report_outage(const SentinelInput& input, const Verdict& verdict) {
    const FaultProbe shows = [&](const std::vector<FileView>& files) {
        return outage_shows(input, files);
    };
    // The check of the check: it is the content's doing only when it does not happen without it.
    if (outage_shows(input, {})) {
        trouble_ = "the validator's own rule does not match " + input.name + " even alone";
        return;
    }
    const Culprit culprit = bisect(files_, shows, kProbesMax);
    const bool died = ends_worker(verdict.outcome);
    Finding finding{.id = died ? std::string(load_fault_id(verdict.outcome)) : "FB508",
                    .place = culprit.place,
                    .build = build_.label(),
                    .input = input.name,
                    .evidence = verdict.message,
                    .measured = verdict.measured};
    finding.message = died ? build_.label() + " " + describe(verdict) + " on scanning " +
                                 input.name + " with " + blamed(culprit)
                           : "in " + build_.label() + " the validator's own rule does not match " +
                                 input.name + " beside " + blamed(culprit);
    const Guarded guarded(culprit.files, sentinel_, 0, 0);
    Reproducer reproducer = load_reproducer(finding, build_, guarded.views(), verdict);
    reproducer.evaluates = true;
    reproducer.input_name = input.name;
    reproducer.input = input.bytes;
    if (passes(verdict)) reproducer.missed_rule = sentinel_.rule(0);
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

}  // namespace

std::string check_neighbours(Run& run, const Build& build, const Sentinel& sentinel,
                             StageDeadline deadline, StageResult& result) {
    return NeighbourCheck(run, build, sentinel, deadline, result).check();
}

}  // namespace firebreak::validator
