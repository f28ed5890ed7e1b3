#include <algorithm>
#include <iterator>

#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array kStages{
    // Budgets are those of pr (two minutes in all), gate (six) and nightly.
    Stage{"structure", &check_structure, {}, {{{seconds{3}, 1}, {seconds{8}, 1}, {minutes{1}, 1}}}},
    Stage{"schema",
          &check_schema_stage,
          {"structure"},
          {{{seconds{2}, 1}, {seconds{4}, 1}, {seconds{30}, 1}}}},
    Stage{"contract",
          &check_contract,
          {"structure"},
          {{{seconds{6}, 1}, {seconds{13}, 1}, {minutes{5}, 1}}}},
    Stage{
        "lint", &check_lint, {"structure"}, {{{seconds{3}, 1}, {seconds{5}, 1}, {minutes{1}, 1}}}},
    Stage{"load",
          &check_load,
          {"structure", "contract"},
          {{{seconds{11}, 4}, {seconds{25}, 4}, {minutes{30}, 4}}}},
    Stage{"directed",
          &check_directed,
          {"contract", "load"},
          {{{seconds{12}, 4}, {seconds{30}, 4}, {minutes{30}, 4}}}},
    Stage{"replay",
          &check_replay,
          {"contract", "load"},
          {{{seconds{20}, 10}, {seconds{98}, 50}, {hours{6}, 1000}}}},
    Stage{"amplify",
          &check_amplify,
          {"contract", "load"},
          {{{seconds{20}, 4}, {seconds{70}, 4}, {hours{2}, 4}}}},
    Stage{"fuzz",
          &check_fuzz,
          {"structure", "load"},
          {{{seconds{15}, 500}, {seconds{47}, 2'000}, {hours{2}, 1'000'000}}}},
    Stage{"robust",
          &check_robust,
          {"structure", "load"},
          {{{seconds{10}, 20}, {seconds{20}, 50}, {minutes{10}, 50}}}},
    Stage{"budget",
          &check_budget,
          {"contract", "load"},
          {{{seconds{10}, 8}, {seconds{20}, 8}, {minutes{10}, 8}}}},
    // What is too much for it was found all the same, and is reported as it is.
    Stage{"verdict",
          &check_verdict,
          {"structure"},
          {{{seconds{8}, 1}, {seconds{20}, 1}, {minutes{10}, 1}}}},
};

StageReport skipped(std::string_view name, std::string reason) {
    return {.name = std::string(name),
            .outcome = StageOutcome::kSkipped,
            .reason = std::move(reason),
            .executions = 0,
            .findings = 0,
            .took = {}};
}

bool switched_off(const Run& run, std::string_view stage) {
    const std::vector<std::string>& skipped = run.request().skipped;
    return std::ranges::find(skipped, stage) != skipped.end();
}

/// The first stage that `stage` needs and that is not there to stand on; empty when all are.
std::string_view missing_need(const Run& run, const Stage& stage) {
    for (const std::string_view need : stage.needs) {
        if (need.empty()) continue;
        if (need == "structure" && !run.bundle) return need;
        if (switched_off(run, need)) continue;
        const auto found = std::ranges::find(run.stages, need, &StageReport::name);
        const bool there = found != run.stages.end() && found->outcome == StageOutcome::kPassed;
        if (!there) return need;
    }
    return {};
}

/// The fuzz stage goes on until its executions are done or its time is up, and is then judged by
/// what it did: ending a moment late says nothing.
constexpr std::string_view kEndsItself = "fuzz";

StageBudget budget_of(const Run& run, const Stage& stage) {
    StageBudget budget = stage.budgets.at(static_cast<std::size_t>(run.request().profile));
    if (stage.name == kEndsItself) {
        budget.time = run.request().fuzz.time.value_or(budget.time);
    } else {
        budget.time *= run.request().patience;
    }
    return budget;
}

StageReport run_stage(Run& run, const Stage& stage) {
    const StageBudget budget = budget_of(run, stage);
    const Clock& clock = run.tools().clock;
    const std::uint64_t errors_before = run.errors();
    const std::uint64_t findings_before = run.findings.size() + run.findings_not_kept();
    const auto started = clock.steady();
    run.stage = stage.name;
    StageResult result = stage.run(run, started + budget.time);
    run.tools().progress.clear();

    StageReport report{
        .name = std::string(stage.name),
        .outcome = StageOutcome::kPassed,
        .reason = std::move(result.reason),
        .executions = result.executions,
        .findings = run.findings.size() + run.findings_not_kept() - findings_before,
        .took = std::chrono::ceil<std::chrono::milliseconds>(clock.steady() - started),
        .executions_min = budget.executions_min,
        .budget = budget.time,
        .cached = result.cached};
    if (run.errors() > errors_before) {
        report.outcome = StageOutcome::kFailed;
    } else if (!result.complete) {
        report.outcome = StageOutcome::kInconclusive;
    } else if (report.executions < budget.executions_min) {
        report.outcome = StageOutcome::kInconclusive;
        report.reason = "made " + std::to_string(report.executions) + " of at least " +
                        std::to_string(budget.executions_min) + " executions";
    } else if (report.took > budget.time && stage.name != kEndsItself) {
        report.outcome = StageOutcome::kInconclusive;
        report.reason = "took " + std::to_string(report.took.count()) + " ms of " +
                        std::to_string(budget.time.count());
    }
    return report;
}

}  // namespace

namespace {

/// What this machine could not give is part of what the run is worth.
void note_sandbox(Run& run) {
    const std::string level = run.sandbox_level();
    if (level == "none") return;  // No worker was started.
    for (const std::string_view means :
         {"seccomp", "rlimits", "landlock", "namespaces", "cgroup"}) {
        if (level.find(means) != std::string::npos) continue;
        run.notes.push_back("this machine gives the sandbox no " + std::string(means));
    }
    if (level.find("fixed-addresses") == std::string::npos) {
        run.notes.push_back(
            "this machine does not let workers have the same addresses each time: what depends on "
            "them may not be seen again");
    }
}

}  // namespace

std::span<const Stage> all_stages() {
    return kStages;
}

std::vector<Stage> engine_release_stages() {
    constexpr std::array<std::string_view, 6> kNames{"structure", "schema",   "contract",
                                                     "load",      "directed", "verdict"};
    std::vector<Stage> stages;
    std::ranges::copy_if(kStages, std::back_inserter(stages), [&kNames](const Stage& stage) {
        return std::ranges::find(kNames, stage.name) != kNames.end();
    });
    return stages;
}

void judge(Run& run, std::span<const Stage> stages) {
    for (const Stage& stage : stages) {
        if (run.request().stops_at_failure && run.errors() > 0) {
            run.stages.push_back(skipped(stage.name, "a stage before it failed"));
            continue;
        }
        if (switched_off(run, stage.name)) {
            run.stages.push_back(skipped(stage.name, "switched off by --skip"));
            continue;
        }
        if (const std::string_view need = missing_need(run, stage); !need.empty()) {
            run.stages.push_back(
                skipped(stage.name, "needs the stage " + std::string(need) + " to have passed"));
            continue;
        }
        if (run.bundle) open_builds(run);
        // Until it has something of its own to show.
        run.tools().progress.show(stage.name, run.stages.size(), stages.size(), "stages");
        run.stages.push_back(run_stage(run, stage));
    }
    note_sandbox(run);
    if (run.findings_not_kept() > 0) {
        run.notes.push_back(std::to_string(run.findings_not_kept()) +
                            " more findings were counted and not kept");
    }
    for (std::size_t index = 0; index < run.waived().size(); ++index) {
        if (run.waived()[index] > 0) continue;
        const Waiver& waiver = run.request().waivers[index];
        run.notes.push_back("the waiver of " + waiver.finding + " by " + waiver.who +
                            " took in nothing: it can go");
    }
    run.finished = std::chrono::floor<std::chrono::seconds>(run.tools().clock.now());
}

}  // namespace firebreak::validator
