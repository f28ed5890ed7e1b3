#include <algorithm>
#include <map>
#include <set>

#include "sensor/sigma/program/capabilities.hpp"
#include "validator/generate/event_document.hpp"
#include "validator/generate/event_rules.hpp"
#include "validator/generate/event_solver.hpp"
#include "validator/generate/yara_samples.hpp"
#include "validator/proof/proof.hpp"
#include "validator/proof/trial.hpp"
#include "validator/sandbox/event_input.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/coverage.hpp"
#include "validator/stages/goodware.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// What is made for one rule at most, by profile; and of samples of files.
constexpr std::array<std::size_t, kProfiles> kEventsPerRule{32, 64, 256};
constexpr std::array<std::size_t, kProfiles> kSamplesPerRule{1, 2, 64};
constexpr std::array<std::uint64_t, kProfiles> kSamplesMax{1000, 3000, 1'000'000};
constexpr SampleCaps kSampleCaps{.string_bytes_max = 16U << 10U, .file_bytes_max = 64U << 10U};

/// A build that dies this often is not worth driving on: the bundle is rejected anyway.
constexpr int kRestartsMax = 5;

/// Findings of one kind listed one by one, for each build; the rest are counted.
constexpr std::uint64_t kListed = 25;

/// Reproducers for which the rule is tried alone.
constexpr int kNarrowed = 3;

constexpr std::size_t kUnsatisfiedNamed = 3;

std::string_view fault_id(Outcome outcome) {
    switch (outcome) {
        case Outcome::kCrashed: return "FB601";
        case Outcome::kTimedOut: return "FB602";
        case Outcome::kOutOfMemory: return "FB603";
        case Outcome::kForbiddenCall: return "FB604";
        default: return "FB605";
    }
}

/// One input, and what is to be expected of it.
struct Drive {
    std::string name{};     ///< For messages and reproducers: "a rule: criterion 3 just not met".
    std::string purpose{};  ///< "criterion 3 just not met".
    Bytes input{};
    Place place{};
    const sigma::Program* program = nullptr;  ///< Of events: where it comes from.
    const sigma::Rule* rule = nullptr;
    sigma::ReferenceEvent values{};
    std::optional<bool> matches{};  ///< Whether the rule must match; nullopt: nobody knows.
    bool may_refuse = false;        ///< An array that the build is not used to.
};

/// The directed stage for one engine build.
class DirectedBuild {
public:
    DirectedBuild(Run& run, const Build& build, StageDeadline deadline, StageResult& result)
        : run_(run), build_(build), deadline_(deadline), result_(result) {}

    void check();

private:
    bool start();
    void drive_events(const std::vector<sigma::Program>& programs);
    void drive_rule(const sigma::Program& program, const sigma::Rule& rule, EventSolver& solver);
    void drive_files(const json::value& description);
    bool drive(const Drive& drive);
    void fault(const Drive& drive, const Verdict& verdict);
    void disagreement(const Drive& drive, bool matched);
    void reproduce(const Drive& drive, const Verdict& expected, Finding& finding);
    void finish_events(const std::vector<sigma::Program>& programs);
    void report_uncovered(const std::vector<UsedField>& used);
    std::size_t profile_index() const { return static_cast<std::size_t>(run_.request().profile); }
    void give_up(std::string reason) {
        result_.complete = false;
        result_.reason = build_.label() + ": " + std::move(reason);
        stopped_ = true;
    }

    Run& run_;
    const Build& build_;
    StageDeadline deadline_;
    StageResult& result_;
    Attempt worker_;
    bool stopped_ = false;
    bool measuring_ = false;
    bool whole_measure_ = true;  ///< No worker died with what it had measured.
    int restarts_ = 0;
    int narrowed_ = 0;
    std::uint64_t disagreements_ = 0;
    std::uint64_t rules_ = 0;
    std::uint64_t first_execution_ = 0;
    std::vector<std::string> unsatisfied_;
};

bool DirectedBuild::start() {
    worker_ =
        attempt_load(run_, build_, run_.content_views(), run_.profile().sandbox.load, result_);
    if (!passes(worker_.load.verdict)) {
        give_up("the content does not load: " + describe(worker_.load.verdict));
        return false;
    }
    measuring_ = passes(worker_.executor->start_coverage()) || !worker_.executor->alive();
    return worker_.executor->alive();
}

void DirectedBuild::check() {
    if (!start()) return;
    first_execution_ = result_.executions;
    const DescribeRun described = worker_.executor->describe();
    if (!passes(described.verdict)) {
        give_up("cannot describe what it loaded: " + describe(described.verdict));
        return;
    }
    if (!takes_events(run_.bundle->manifest.content_type)) {
        drive_files(described.description);
        return;
    }
    const Result<std::vector<sigma::Program>> programs = read_event_rules(described.description);
    if (!programs) {
        give_up(programs.error().to_string());
    } else if (programs->empty()) {
        give_up("does not say what its rules ask, so no events could be made for them");
    } else {
        drive_events(*programs);
        finish_events(*programs);
    }
}

void DirectedBuild::drive_events(const std::vector<sigma::Program>& programs) {
    std::uint64_t rules = 0;
    for (const sigma::Program& program : programs) rules += program.rules.size();
    for (std::size_t number = 0; number < programs.size(); ++number) {
        const sigma::Program& program = programs[number];
        EventSolver solver(program, run_.request().seed + number);
        if (fields_supplied(build_.capabilities, program.contract) == 0) {
            give_up("does not supply " + program.contract);
            return;
        }
        for (const sigma::Rule& rule : program.rules) {
            run_.tools().progress.show("directed in " + build_.label(), rules_, rules, "rules");
            drive_rule(program, rule, solver);
            if (stopped_) return;
            ++rules_;
        }
    }
}

void DirectedBuild::drive_rule(const sigma::Program& program, const sigma::Rule& rule,
                               EventSolver& solver) {
    const std::size_t fields = fields_supplied(build_.capabilities, program.contract);
    std::vector<DirectedEvent> events = solver.events_for(rule, kEventsPerRule.at(profile_index()));
    if (events.empty() || !events.front().matches) unsatisfied_.push_back(rule.id);
    Drive drive_one{.place = {.file = rule.file, .line = rule.line, .rule = rule.id},
                    .program = &program,
                    .rule = &rule};
    // The contract's own number of fields, where the build's is another.
    if (!events.empty() && program.arity != fields && program.arity <= FieldArea::kFieldsMax) {
        drive_one.purpose = "as many fields as the contract has";
        drive_one.name = rule.id + ": " + drive_one.purpose;
        drive_one.input = event_document(program.contract, events.front().values, fields,
                                         std::size_t{program.arity});
        drive_one.may_refuse = true;
        if (!drive(drive_one)) return;
        drive_one.may_refuse = false;
    }
    for (DirectedEvent& event : events) {
        if (event.values.size() > fields) {
            event.values.resize(fields);
            event.matches = sigma::reference_matches(program, rule, event.values);
        }
        drive_one.purpose = event.purpose;
        drive_one.name = rule.id + ": " + event.purpose;
        drive_one.input = event_document(program.contract, event.values, fields);
        drive_one.matches = event.matches;
        drive_one.values = std::move(event.values);
        if (!drive(drive_one)) return;
    }
}

/// Files made out of each rule's strings, and a few that every scanner meets.
void DirectedBuild::drive_files(const json::value& description) {
    const std::array<std::pair<const char*, Bytes>, 4> common{{{"no bytes", {}},
                                                               {"one byte", Bytes(1)},
                                                               {"zeros", Bytes(4096)},
                                                               {"letters", Bytes(65536, 'A')}}};
    for (const auto& [name, bytes] : common) {
        if (!drive({.name = name, .purpose = name, .input = bytes})) return;
    }
    const Result<std::vector<YaraRule>> rules = yara_rules(description);
    if (!rules) {
        run_.notes.push_back(build_.label() +
                             " does not say what its rules look for: no samples were made");
        return;
    }
    const std::size_t count = kSamplesPerRule.at(profile_index());
    const std::uint64_t samples_max = kSamplesMax.at(profile_index());
    for (const YaraRule& rule : *rules) {
        if (result_.executions - first_execution_ >= samples_max) {
            run_.notes.push_back("directed: samples were made for " + std::to_string(rules_) +
                                 " of " + std::to_string(rules->size()) + " rules");
            return;
        }
        run_.tools().progress.show("directed in " + build_.label(), rules_++, rules->size(),
                                   "rules");
        std::vector<YaraSample> samples = matching_samples(rule, run_.request().seed, kSampleCaps);
        if (samples.size() > count) samples.resize(count);
        for (YaraSample& near : near_misses(rule, run_.request().seed, count, kSampleCaps)) {
            near.name += ", just not";
            samples.push_back(std::move(near));
        }
        const Place place{.file = rule.file, .line = rule.line, .rule = rule.name};
        for (YaraSample& sample : samples) {
            if (!drive({.name = sample.name,
                        .purpose = "a sample",
                        .input = std::move(sample.bytes),
                        .place = place})) {
                break;
            }
        }
        if (stopped_) return;
    }
}

/// @returns false when the rest of this rule's inputs are to be left out.
bool DirectedBuild::drive(const Drive& drive) {
    if (run_.tools().clock.steady() > deadline_) {
        give_up("out of time");
        return false;
    }
    if (drive.input.size() > run_.profile().sandbox.input_bytes_max) return true;
    const EvaluateRun scan = worker_.executor->evaluate(drive.name, drive.input);
    const Outcome outcome = scan.verdict.outcome;
    if (outcome == Outcome::kNotRun) {
        give_up(describe(scan.verdict));
        return false;
    }
    ++result_.executions;
    if (passes(scan.verdict)) {
        const bool matched =
            drive.rule != nullptr && std::ranges::find(scan.matches, drive.rule->id,
                                                       &sensor::Match::rule) != scan.matches.end();
        if (drive.matches && matched != *drive.matches) disagreement(drive, matched);
        return true;
    }
    if (drive.may_refuse && !ends_worker(outcome)) return true;
    fault(drive, scan.verdict);
    if (!ends_worker(outcome)) return true;
    whole_measure_ = false;
    if (++restarts_ > kRestartsMax) {
        give_up("gave up after " + std::to_string(kRestartsMax) + " dead workers");
    } else {
        start();
    }
    return false;
}

void DirectedBuild::fault(const Drive& drive, const Verdict& verdict) {
    const std::string number = std::to_string(result_.executions - first_execution_);
    Finding finding{.id = std::string(fault_id(verdict.outcome)),
                    .place = drive.place,
                    .message = build_.label() + " " + describe(verdict) + " at execution " +
                               number + ": " + drive.name,
                    .build = build_.label(),
                    .input = drive.name,
                    .evidence = verdict.message,
                    .measured = verdict.measured};
    reproduce(drive, verdict, finding);
    run_.add(std::move(finding));
}

void DirectedBuild::disagreement(const Drive& drive, bool matched) {
    if (++disagreements_ > kListed) return;
    const std::string number = std::to_string(result_.executions - first_execution_);
    Finding finding{.id = "FB606",
                    .place = drive.place,
                    .message = build_.label() + (matched ? " matches" : " does not match") +
                               " what by the rule's own criteria it " +
                               (matched ? "must not" : "must") + ", at execution " + number + ": " +
                               drive.name,
                    .build = build_.label(),
                    .input = drive.name};
    Reproducer reproducer{.finding = finding.id,
                          .engine = build_.file.sha256,
                          .files = run_.bundle->files,
                          .evaluates = true,
                          .input_name = drive.name,
                          .input = drive.input,
                          .expected = Outcome::kAccepted,
                          .whole = true};
    (matched ? reproducer.expected_rule : reproducer.missed_rule) = drive.rule->id;
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

/// The rule alone, where that shows the same; else everything.
void DirectedBuild::reproduce(const Drive& drive, const Verdict& expected, Finding& finding) {
    Reproducer reproducer{.finding = finding.id,
                          .engine = build_.file.sha256,
                          .files = run_.bundle->files,
                          .evaluates = true,
                          .input_name = drive.name,
                          .input = drive.input};
    reproducer.expect(expected);
    if (drive.rule != nullptr && ends_worker(expected.outcome) && ++narrowed_ <= kNarrowed) {
        if (Result<Bytes> file =
                sigma::write_program(only_rules(*drive.program, {drive.rule, 1}))) {
            Reproducer one = reproducer;
            one.files = {{"rule.sigma", *std::move(file)}};
            if (shown(run_, build_, one)) reproducer = std::move(one);
        }
    }
    run_.attach(std::move(reproducer), build_.file, finding);
}

void DirectedBuild::finish_events(const std::vector<sigma::Program>& programs) {
    if (!unsatisfied_.empty()) {
        std::string names;
        for (std::size_t i = 0; i < std::min(unsatisfied_.size(), kUnsatisfiedNamed); ++i) {
            names += (i == 0 ? "" : ", ") + unsatisfied_[i];
        }
        run_.notes.push_back("no event was found that matches " +
                             std::to_string(unsatisfied_.size()) + " of " + std::to_string(rules_) +
                             " rules, such as " + names);
    }
    if (disagreements_ > kListed) {
        run_.notes.push_back(build_.label() + " disagrees in " + std::to_string(disagreements_) +
                             " events; the first " + std::to_string(kListed) + " are listed");
    }
    if (stopped_) return;
    if (!measuring_ || !whole_measure_) {
        run_.notes.push_back(build_.label() +
                             (measuring_ ? " died with what it had measured of its rules' reads"
                                         : " does not measure which fields its rules read"));
        return;
    }
    const DescribeRun measured = worker_.executor->coverage();
    if (!passes(measured.verdict)) {
        give_up("does not say what its rules read: " + describe(measured.verdict));
        return;
    }
    std::vector<UsedField> used = used_fields(programs);
    if (const Result<void> marked = mark_read(measured.description, used); !marked) {
        give_up(marked.error().to_string());
        return;
    }
    run_.coverage.push_back(summary_of(build_.label(), rules_, unsatisfied_.size(), used));
    report_uncovered(used);
}

void DirectedBuild::report_uncovered(const std::vector<UsedField>& used) {
    std::map<std::string_view, std::uint64_t> counts;
    for (const UsedField& field : used) {
        if (field.met && field.missed) continue;
        const bool never = !field.met && !field.missed;
        const std::string_view id = never ? "FB607" : "FB608";
        if (++counts[id] > kListed) continue;
        const std::string what = "rule " + field.place.rule + ": " + field.name();
        run_.add({.id = std::string(id),
                  .place = field.place,
                  .message = what + (never       ? " was never read by " + build_.label()
                                     : field.met ? " was always met in " + build_.label()
                                                 : " was never met in " + build_.label()),
                  .build = build_.label(),
                  .input = field.name()});
    }
    for (const auto& [id, count] : counts) {
        if (count <= kListed) continue;
        run_.notes.push_back(std::string(id) + ": " + std::to_string(count) + " in " +
                             build_.label() + "; the first " + std::to_string(kListed) +
                             " are listed");
    }
}

}  // namespace

StageResult check_directed(Run& run, StageDeadline deadline) {
    StageResult result;
    for (const Build& build : run.builds) DirectedBuild(run, build, deadline, result).check();
    return result;
}

}  // namespace firebreak::validator
