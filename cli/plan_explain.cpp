#include "cli/plan_explain.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "cli/plan.hpp"
#include "cli/simulate/simulate.hpp"
#include "cli/simulate/simulation.hpp"
#include "cli/table.hpp"
#include "core/base/smallest.hpp"
#include "core/rollout/eprocess.hpp"

namespace firebreak::cli {
namespace {

/// Releases a day, for the years between false halts.
constexpr double kReleasesADay = 10;
/// Longer than any plan takes; a plan that cannot end does not hang the program.
constexpr std::chrono::hours kSimulatedMost{24 * 30};

template <class... Values>
std::string text(const char* format, Values... values) {
    std::array<char, 160> line{};
    (void)std::snprintf(line.data(), line.size(), format, values...);
    return line.data();
}

double seconds_of(rollout::milliseconds time) {
    return static_cast<double>(time.count()) / 1000;
}

/// How many devices have failed, of how many, when a fault that harms a share of them crosses.
struct Crossing {
    std::int64_t failed = 0;
    std::int64_t devices = 0;
};

/// Where `log_e(failed, devices)` crosses, each device failing at its turn; nothing: it never does.
template <class LogE>
std::optional<Crossing> crossing(const rollout::Plan& plan, rollout::EvidencePart part,
                                 double share, const LogE& log_e) {
    constexpr std::int64_t kFailedMost = 1'000'000;
    const double to_cross = rollout::log_e_to_halt_alone(plan, part);
    const auto devices_for = [share](std::int64_t failed) {
        return static_cast<std::int64_t>(std::ceil(static_cast<double>(failed) / share));
    };
    const auto crosses = [&](std::int64_t failed) {
        return log_e(failed, devices_for(failed)) >= to_cross;
    };
    const std::int64_t failed = smallest(plan.failures_min, kFailedMost, crosses);
    if (!crosses(failed)) return std::nullopt;
    return Crossing{failed, devices_for(failed)};
}

std::string text_of(const std::optional<Crossing>& crossing) {
    if (!crossing) return "within tolerance";
    return std::to_string(crossing->failed) + " of " + std::to_string(crossing->devices);
}

json::value json_of(const std::optional<Crossing>& crossing) {
    if (!crossing) return nullptr;
    return json::object{{"failed", crossing->failed}, {"devices", crossing->devices}};
}

void explain_rings(const rollout::Plan& plan, Output& output) {
    Table table({"ring", "window", "bake floor", "before the next ring opens"});
    for (const rollout::Ring& ring : plan.rings) {
        std::string window =
            std::to_string(ring.window_start) + " to " + std::to_string(ring.window_max);
        if (ring.window_max_share > 0) {
            window += text(" or %g%% of it", 100 * ring.window_max_share);
        }
        table.add({ring.name + (ring.vendor_own ? " (vendor's own)" : ""), window,
                   rollout::format_duration(ring.bake_floor),
                   text("%lld confirmed (excludes %.2g%% harmed at 95%%), %g device-hours",
                        static_cast<long long>(ring.confirmed_min),
                        100 * std::min(1.0, 3 / static_cast<double>(ring.confirmed_min)),
                        ring.exposure_hours_min)});
    }
    output.text += "Who gets it\n" + table.render() + "  A device that no rule places goes to " +
                   plan.default_ring +
                   ". At most a window's worth of devices is activated and not yet confirmed (" +
                   rollout::format_duration(plan.confirm_after) +
                   " after activation); each clean window doubles the next. A ring with fewer "
                   "devices needs all of them.\n\n";
}

std::string words_of(const rollout::Ring& ring) {
    std::string words = "  Ring " + ring.name + " opens when " + std::to_string(ring.approvals) +
                        (ring.approvals == 1 ? " person" : " people") + " approved it";
    std::string names;
    for (const std::string& name : ring.approvers) names += (names.empty() ? "" : ", ") + name;
    return words + (names.empty() ? "" : ", of " + names) + "; never who published it.\n";
}

/// What people and calendars have to say.
void explain_people(const rollout::Plan& plan, Output& output) {
    const auto least = [&plan](bool last) {
        return rollout::format_duration(
            rollout::bake_floor_min(plan.velocity, plan.silence_deadline, last));
    };
    output.text += "Velocity " + std::string(rollout::name_of(plan.velocity)) +
                   ": a bake is never shorter than " + least(false) + ", the last one than " +
                   least(true) + ".\n";
    for (const rollout::Ring& ring : plan.rings) {
        if (ring.approvals > 0) output.text += words_of(ring);
    }
    for (const rollout::Freeze& freeze : plan.freezes) {
        output.text += "  " + freeze.name + ", " + rollout::format_local_moment(freeze.from) +
                       " to " + rollout::format_local_moment(freeze.until) + " " + freeze.zone +
                       ": no ring opens and nothing widens; halts go on.\n";
    }
    output.text += "\n";
}

void explain_segments(const rollout::Plan& plan, Output& output) {
    if (plan.segments.by.empty()) return;
    std::string axes;
    for (const std::string& axis : plan.segments.by) axes += (axes.empty() ? "" : ", ") + axis;
    output.text +=
        "Devices alike in one of " + axes +
        " are a segment: its failures are weighed against it alone, and over all rings at "
        "most " +
        std::to_string(plan.segments.window_start) +
        " devices of it, and as many more as confirmed, are activated and not yet "
        "confirmed.\n";
    for (const rollout::Ring& ring : plan.rings) {
        std::string names;
        for (const rollout::SegmentName& name : ring.segments) {
            names += (names.empty() ? "" : ", ") + rollout::text_of(name);
        }
        if (names.empty()) continue;
        output.text += "  After ring " + ring.name + " only once " +
                       std::to_string(plan.failures_min) + " devices confirmed of each of " +
                       names + ".\n";
    }
    output.text += "\n";
}

void explain_faults(const rollout::Plan& plan, Output& output) {
    const double hours = seconds_of(plan.confirm_after) / 3600;
    Table table({"  harms", "and they fall silent", "and they crash, and report it"});
    json::array faults;
    for (const double share : {1.0, 0.5, 0.1, 0.02, 0.01, 0.001}) {
        const auto by_silence = [&plan](std::int64_t failed, std::int64_t devices) {
            return rollout::log_e_silence(failed, devices, plan.silence_q0);
        };
        const auto by_crashes = [&](std::int64_t failed, std::int64_t devices) {
            return rollout::log_e_crash(failed, static_cast<double>(devices) * hours,
                                        plan.crash_rate_per_hour);
        };
        const auto silent = crossing(plan, rollout::EvidencePart::kSilence, share, by_silence);
        const auto crashed = crossing(plan, rollout::EvidencePart::kCrash, share, by_crashes);
        table.add({text("  %g%%", 100 * share), text_of(silent), text_of(crashed)});
        faults.push_back(
            {{"share", share}, {"silent", json_of(silent)}, {"crashed", json_of(crashed)}});
    }
    const std::string silent_after = rollout::format_duration(rollout::silent_after(plan));
    output.text +=
        "When a fault stops it: devices harmed, of the first that are activated in a ring\n" +
        table.render() + "  Silence counts " + rollout::format_duration(plan.silence_deadline) +
        " after activation, a crash as soon as it is reported, and a halt takes up to " +
        rollout::format_duration(plan.poll_every) +
        " more to reach a device. What falls silent after it confirmed is seen " + silent_after +
        " later, against the devices that do not have the release; a bake floor shorter than that "
        "sees nothing of it. Each device of the ring that was well before makes it take more. "
        "What is merely slow counts like a crash once its agent notices. Never on fewer than " +
        std::to_string(plan.failures_min) + " devices of " + std::to_string(plan.tenants_min) +
        " tenants, but in the vendor's own rings.\n\n";
    const double years = 1 / (plan.alpha * kReleasesADay * 365.25);
    output.text += text("A good release is halted with probability %g at most: ", plan.alpha) +
                   text("at %g releases a day, once in %.3g years.\n", kReleasesADay, years);
    output.data.as_object()["faults"] = std::move(faults);
    output.data.as_object()["false_halt_probability"] = plan.alpha;
}

/// A device-perfect day: nothing asleep, nothing lost, nothing crashes.
FleetModel at_its_best(FleetModel fleet) {
    fleet.kinds = {{"always on", 1, 24}};
    fleet.activation_loss = 0;
    fleet.crash_rate_per_hour = 0;
    return fleet;
}

Result<void> explain_fleet(const rollout::Plan& plan, const FleetModel& fleet,
                           const std::string& path, Output& output) {
    const Result<std::vector<std::int64_t>> sizes = ring_sizes(fleet, plan);
    if (!sizes) return fail(sizes.error().seen_from(path));
    const Incident none;
    rollout::Plan at_any_time = plan;
    at_any_time.freezes.clear();
    const RunResult run =
        simulate_once(at_any_time, at_its_best(fleet), *sizes, none, 1, kSimulatedMost);
    Table table({"ring", "devices", "opens at the earliest", "most harmed before a halt"});
    json::array rings;
    for (std::size_t i = 0; i < plan.rings.size(); ++i) {
        table.add({plan.rings[i].name, std::to_string((*sizes)[i]),
                   duration_text(run.opened_seconds[i]),
                   run.opened_seconds[i] < 0 ? "-" : std::to_string(run.ring_bounds[i])});
        rings.push_back({{"name", plan.rings[i].name},
                         {"devices", (*sizes)[i]},
                         {"opens_seconds", run.opened_seconds[i]},
                         {"harm_bound", run.ring_bounds[i]}});
    }
    output.text +=
        "\nOn " + fleet.name + ", " + std::to_string(fleet.devices) +
        " devices, with all of them awake and well" +
        (plan.freezes.empty() ? "" : ", outside of freezes") + "\n" + table.render() +
        "  Every device may have it after " + duration_text(run.full_seconds) +
        ", complete after " + duration_text(run.complete_seconds) +
        ". The harm is what shows before a device confirms, and then one by one; `firebreak "
        "simulate` tries incidents, sleepers and losses.\n";
    if (run.phase == rollout::Phase::kHeld) output.text += "  It is held: " + run.reason + "\n";
    output.data.as_object()["fleet"] = {{"name", fleet.name},
                                        {"rings", std::move(rings)},
                                        {"full_seconds", run.full_seconds},
                                        {"complete_seconds", run.complete_seconds}};
    return {};
}

}  // namespace

Result<Output> explain_plan(const Context& context, const ExplainPlanOptions& options) {
    const Result<rollout::Plan> plan = read_plan(context, options.plan);
    if (!plan) return fail(plan.error());
    Output output{.text = "Plan " + plan->name +
                          (plan->description.empty() ? "" : ": " + plan->description) + "\n\n",
                  .data = {{"plan", rollout::to_json(*plan)}}};
    explain_rings(*plan, output);
    explain_people(*plan, output);
    explain_segments(*plan, output);
    explain_faults(*plan, output);
    if (options.fleet.empty()) {
        output.text += "With --fleet FILE it also says when each ring opens, and the harm.\n";
        return output;
    }
    const Result<FleetModel> fleet = read_fleet_model(context, options.fleet);
    if (!fleet) return fail(fleet.error());
    if (const auto done = explain_fleet(*plan, *fleet, options.fleet, output); !done) {
        return fail(done.error());
    }
    return output;
}

}  // namespace firebreak::cli
