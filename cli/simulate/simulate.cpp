#include "cli/simulate/simulate.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <tuple>

#include "cli/plan.hpp"
#include "cli/simulate/chart.hpp"
#include "cli/simulate/simulation.hpp"
#include "cli/table.hpp"
#include "core/content/schema.hpp"

namespace firebreak::cli {
namespace {

template <class T>
Result<T> read(const Context& context, const std::string& path, std::string_view schema,
               Result<T> (*parse)(const json::value&)) {
    const Result<Bytes> text = context.files.read(path, content::DocumentLimits{}.bytes_max);
    if (!text) return fail(text.error());
    const Result<content::Document> document = content::read_yaml(path, text_of(*text));
    if (!document) return fail(document.error());
    if (const auto valid = content::require_schema(schema, *document); !valid) {
        return fail(valid.error());
    }
    Result<T> parsed = parse(document->value);
    if (!parsed) return fail(parsed.error().seen_from(path));
    return parsed;
}

struct Setting {
    rollout::Plan plan;
    FleetModel fleet;
    std::vector<std::int64_t> sizes;
    Incident incident;
};

Result<Setting> read_setting(const Context& context, const SimulateOptions& options) {
    Setting setting;
    Result<rollout::Plan> plan = read_plan(context, options.plan);
    if (!plan) return fail(plan.error());
    Result<FleetModel> fleet = read_fleet_model(context, options.fleet);
    if (!fleet) return fail(fleet.error());
    Result<Incident> incident =
        read<Incident>(context, options.incident, "incident.v1", &parse_incident);
    if (!incident) return fail(incident.error());
    Result<std::vector<std::int64_t>> sizes = ring_sizes(*fleet, *plan);
    if (!sizes) return fail(sizes.error().seen_from(options.fleet));
    for (const auto& [member, wanted, parts] :
         {std::tuple("system", &incident->system, &fleet->systems),
          std::tuple("sensor", &incident->sensor, &fleet->sensors)}) {
        if (wanted->empty() || std::ranges::count(*parts, *wanted, &FleetPart::name) > 0) continue;
        return fail(Errc::kBadInput, options.incident + ": incident." + member + ": the fleet '" +
                                         fleet->name + "' has no '" + *wanted + "'");
    }
    return Setting{std::move(*plan), std::move(*fleet), std::move(*sizes), std::move(*incident)};
}

/// Each run by itself; the order of the threads does not matter to any of them.
std::vector<RunResult> run_all(const Setting& setting, const SimulateOptions& options,
                               const std::function<void(const Progress&)>& progress,
                               Course& only_course) {
    std::vector<RunResult> results(static_cast<std::size_t>(options.runs));
    std::atomic<std::size_t> next{0};
    std::mutex telling;
    Progress so_far{.runs = options.runs};
    Course* const course = results.size() == 1 ? &only_course : nullptr;
    const auto work = [&] {
        for (std::size_t i = next++; i < results.size(); i = next++) {
            results[i] = simulate_once(setting.plan, setting.fleet, setting.sizes, setting.incident,
                                       options.seed + i, std::chrono::hours{options.hours}, course);
            const std::scoped_lock lock(telling);
            ++so_far.done;
            so_far.harmed += results[i].harmed;
            so_far.harmed_most = std::max(so_far.harmed_most, results[i].harmed);
            progress(so_far);
        }
    };
    const unsigned wanted =
        options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::min<std::size_t>(wanted, results.size()); ++i) {
        threads.emplace_back(work);
    }
    work();
    threads.clear();
    return results;
}

/// The value that half of `values` are not above; negative ones never happened. -1 when none did.
template <class T>
T median(std::vector<T> values) {
    std::erase_if(values, [](T value) { return value < 0; });
    if (values.empty()) return -1;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Draws the run with the median harm.
Result<void> write_chart(const Context& context, const SimulateOptions& options,
                         const Setting& setting, Chart chart) {
    const Result<ChartForm> form = chart_form(options.chart);
    if (!form) return fail(form.error());
    chart.plan = setting.plan.name;
    chart.fleet = setting.fleet.name;
    chart.incident = setting.incident.name;
    const std::string drawn = *form == ChartForm::kSvg ? chart_svg(chart) : chart_html(chart);
    const auto written = context.files.write(options.chart, bytes_of(drawn), FileMode::kPublic);
    if (!written) return fail(written.error().seen_from("--chart"));
    return {};
}

/// Which run the chart is of, and how that went.
void choose_run(const Setting& setting, const SimulateOptions& options,
                const std::vector<RunResult>& results, Chart& chart) {
    chart.run = "run 1 of 1";
    if (results.size() == 1) return;
    std::vector<std::int64_t> harmed;
    for (const RunResult& result : results) harmed.push_back(result.harmed);
    const auto chosen = static_cast<std::size_t>(
        std::ranges::find(results, median(harmed), &RunResult::harmed) - results.begin());
    chart.run = "run " + std::to_string(chosen + 1) + " of " + std::to_string(results.size()) +
                ", the median by harm";
    (void)simulate_once(setting.plan, setting.fleet, setting.sizes, setting.incident,
                        options.seed + chosen, std::chrono::hours{options.hours}, &chart.course);
}

json::value or_null(double seconds) {
    return seconds < 0 ? json::value(nullptr) : json::value(seconds);
}

struct Summary {
    std::int64_t halted = 0;
    std::int64_t held = 0;
    std::int64_t complete = 0;
    std::vector<std::int64_t> harmed;
    std::vector<std::int64_t> activated;
    std::vector<double> stopped;  ///< After the first activation.
    std::vector<double> full;
    std::vector<double> completed;
    std::int64_t bound = 0;
    std::int64_t over_bound = 0;  ///< Runs in which more came to harm than the bound said.
    std::int64_t device_events = 0;
    std::string reason;  ///< Of the first run that stopped.
};

Summary sum_up(const std::vector<RunResult>& results) {
    Summary summary;
    for (const RunResult& result : results) {
        const bool halted = result.phase == rollout::Phase::kHalted;
        const bool held = result.phase == rollout::Phase::kHeld;
        summary.halted += halted ? 1 : 0;
        summary.held += held ? 1 : 0;
        summary.complete += result.complete_seconds >= 0 ? 1 : 0;
        summary.harmed.push_back(result.harmed);
        summary.activated.push_back(result.activated);
        summary.stopped.push_back(
            halted || held ? result.stopped_seconds - result.first_activation_seconds : -1);
        summary.full.push_back(result.full_seconds);
        summary.completed.push_back(result.complete_seconds);
        summary.bound = std::max(summary.bound, result.bound);
        summary.over_bound += result.harmed > result.bound ? 1 : 0;
        summary.device_events += result.device_events;
        if ((halted || held) && summary.reason.empty()) summary.reason = result.reason;
    }
    return summary;
}

}  // namespace

Result<FleetModel> read_fleet_model(const Context& context, const std::string& path) {
    return read<FleetModel>(context, path, "fleet-model.v1", &parse_fleet_model);
}

std::string progress_text(const Progress& progress, double seconds) {
    constexpr std::int64_t kBar = 20;
    const auto filled = static_cast<std::size_t>(kBar * progress.done / progress.runs);
    const double left = seconds / static_cast<double>(std::max<std::int64_t>(progress.done, 1)) *
                        static_cast<double>(progress.runs - progress.done);
    return "[" + std::string(filled, '#') + std::string(kBar - filled, '.') + "] " +
           std::to_string(progress.done) + " of " + std::to_string(progress.runs) +
           " runs, harmed " + std::to_string(progress.harmed) + " (" +
           std::to_string(progress.harmed_most) + " at most), " +
           (progress.done == 0 ? "starting" : duration_text(left) + " left");
}

Result<Output> simulate(const Context& context, const SimulateOptions& options,
                        const std::function<void(const Progress&)>& progress) {
    if (!options.chart.empty()) {
        if (const auto form = chart_form(options.chart); !form) return fail(form.error());
    }
    const Result<Setting> setting = read_setting(context, options);
    if (!setting) return fail(setting.error());
    Chart chart;
    const std::vector<RunResult> results = run_all(*setting, options, progress, chart.course);
    const Summary summary = sum_up(results);
    const std::int64_t harmed_max = *std::ranges::max_element(summary.harmed);
    const bool harmless = setting->incident.harm == Harm::kNone;

    chart.table = {{"", "median", "most"}};
    chart.table.push_back(
        {"harmed", std::to_string(median(summary.harmed)), std::to_string(harmed_max)});
    chart.table.push_back({"activated", std::to_string(median(summary.activated)),
                           std::to_string(*std::ranges::max_element(summary.activated))});
    const auto add_time = [&chart](const std::string& name, const std::vector<double>& seconds) {
        chart.table.push_back({name, duration_text(median(seconds)),
                               duration_text(*std::ranges::max_element(seconds))});
    };
    add_time("halted or held, from the first activation", summary.stopped);
    add_time("last ring exposed in full, from publication", summary.full);
    add_time("complete, from publication", summary.completed);
    const auto of_runs = [&options](std::int64_t count) {
        return std::to_string(count) + " of " + std::to_string(options.runs);
    };
    Table table(chart.table.front());
    for (std::size_t i = 1; i < chart.table.size(); ++i) table.add(chart.table[i]);
    Output output;
    output.text = "plan " + setting->plan.name + ", fleet " + setting->fleet.name + " (" +
                  std::to_string(setting->fleet.devices) + " devices), incident " +
                  setting->incident.name + "\n" + table.render() + "runs halted " +
                  of_runs(summary.halted) + ", held " + of_runs(summary.held) + ", complete " +
                  of_runs(summary.complete) + "; harm bound at most " +
                  std::to_string(summary.bound) + ", exceeded in " + of_runs(summary.over_bound) +
                  "\n";
    if (!summary.reason.empty()) output.text += "stopped: " + summary.reason + "\n";
    output.data = {{"plan", setting->plan.name},
                   {"fleet", setting->fleet.name},
                   {"incident", setting->incident.name},
                   {"runs", options.runs},
                   {"seed", options.seed},
                   {"halted", summary.halted},
                   {"held", summary.held},
                   {"complete", summary.complete},
                   {"harmed_median", median(summary.harmed)},
                   {"harmed_max", harmed_max},
                   {"activated_median", median(summary.activated)},
                   {"bound", summary.bound},
                   {"over_bound", summary.over_bound},
                   {"halt_seconds_median", or_null(median(summary.stopped))},
                   {"full_seconds_median", or_null(median(summary.full))},
                   {"complete_seconds_median", or_null(median(summary.completed))},
                   {"false_halts", harmless ? summary.halted : 0},
                   {"device_events", summary.device_events},
                   {"reason", summary.reason}};
    if (!options.chart.empty()) {
        choose_run(*setting, options, results, chart);
        const auto written = write_chart(context, options, *setting, std::move(chart));
        if (!written) return fail(written.error());
    }
    return output;
}

}  // namespace firebreak::cli
