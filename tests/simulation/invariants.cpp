#include "tests/simulation/invariants.hpp"

#include <utility>

#include "core/rollout/cohort.hpp"

namespace firebreak::simulation {
namespace {

constexpr std::int64_t kLoadsMost = 2;  ///< unconfirmed_starts_max.

std::string number(std::int64_t value) {
    return std::to_string(value);
}

const Content* running_on(const Truth& truth, const Machine& machine) {
    const auto found = truth.contents.find(machine.running);
    return found == truth.contents.end() ? nullptr : &found->second;
}

/// P1: nothing runs that was not executed first, in this very build.
Broken attested(const Truth& truth, const Machine& machine, Instant) {
    const Content* content = running_on(truth, machine);
    if (content == nullptr || content->driven_in.contains(machine.build)) return {};
    return machine.id + " runs " + number(machine.running) + ", never driven in its build";
}

/// P2: a machine runs new content only after the server let it in.
Broken admitted(const Truth& truth, const Machine& machine, Instant) {
    if (machine.running == 0) return {};
    const auto ruling = truth.rulings.find(machine.running);
    if (ruling != truth.rulings.end() && ruling->second.let_in.contains(machine.id)) return {};
    return machine.id + " runs " + number(machine.running) + " and was not let in";
}

/// P2: at most W machines are let in and not confirmed, but for those that people took upon
/// themselves, and for the silence that the plan tolerates.
Broken window(const Truth& truth, std::int64_t counter) {
    const auto found = truth.rulings.find(counter);
    if (found == truth.rulings.end() || found->second.let_in.empty()) return {};
    const Ruling& ruling = found->second;
    std::int64_t open = 0;
    std::int64_t confirmed = 0;
    for (const std::string& device : ruling.let_in) {
        const bool well = ruling.confirmed.contains(device);
        confirmed += well ? 1 : 0;
        open += well || ruling.forgiven.contains(device) ? 0 : 1;
    }
    const auto content = truth.contents.find(counter);
    const double q0 = content == truth.contents.end() ? 0 : content->second.plan.silence_q0;
    const auto tolerated = static_cast<std::int64_t>(q0 * static_cast<double>(confirmed));
    if (open <= ruling.window_most + tolerated) return {};
    return number(open) + " machines are let in to " + number(counter) +
           " and not confirmed; the window was never wider than " + number(ruling.window_most);
}

/// P2: of each system no more are let in and not confirmed than its window takes, which is as many
/// as at first and one for each that was confirmed.
Broken segments(const Truth& truth, std::int64_t counter) {
    const auto found = truth.rulings.find(counter);
    const auto content = truth.contents.find(counter);
    if (found == truth.rulings.end() || content == truth.contents.end()) return {};
    const Ruling& ruling = found->second;
    const rollout::Plan& plan = content->second.plan;
    if (plan.segments.by.empty()) return {};
    for (const std::string system : {"common", "rare"}) {
        std::int64_t open = 0;
        std::int64_t confirmed = 0;
        for (const std::string& device : ruling.let_in) {
            if (truth.machines.at(device).system != system) continue;
            const bool well = ruling.confirmed.contains(device);
            confirmed += well ? 1 : 0;
            open += well || ruling.forgiven.contains(device) ? 0 : 1;
        }
        const auto tolerated =
            static_cast<std::int64_t>(plan.silence_q0 * static_cast<double>(confirmed));
        if (open <= plan.segments.window_start + confirmed + tolerated) continue;
        return number(open) + " " + system + " machines are let in to " + number(counter) +
               " and not confirmed; " + number(confirmed) + " confirmed, the window began with " +
               number(plan.segments.window_start);
    }
    return {};
}

/// P2: harm that shows before a machine confirms is at most W + k* - 1, again after each time that
/// two people went on.
Broken harm(const Truth& truth, std::int64_t counter) {
    const auto found = truth.contents.find(counter);
    if (found == truth.contents.end()) return {};
    const Content& content = found->second;
    if (content.kind == Kind::kGood || content.kind == Kind::kCrashesLater) return {};
    std::int64_t harmed = 0;
    for (const auto& [id, machine] : truth.machines) {
        const auto life = machine.lives.find(counter);
        harmed += life != machine.lives.end() && life->second.harmed > 0 ? 1 : 0;
    }
    if (harmed == 0) return {};
    const auto ruling = truth.rulings.find(counter);
    const std::int64_t bound = ruling == truth.rulings.end()
                                   ? 0
                                   : ruling->second.harm_bound_most * (1 + ruling->second.resumes);
    if (harmed <= bound) return {};
    return number(harmed) + " machines are harmed by " + number(counter) + " (" +
           name_of(content.kind) + "); promised were at most " + number(bound);
}

/// P3: content that does not confirm is loaded twice and left behind, network or no network.
Broken heals(const Truth&, const Machine& machine, Instant) {
    const std::int64_t most = kLoadsMost + machine.orderly_stops + kLoadsMost * machine.state_lost;
    for (const auto& [counter, life] : machine.lives) {
        if (life.loads <= most) continue;
        return machine.id + " loaded " + number(counter) + " " + number(life.loads) +
               " times without confirming it";
    }
    return {};
}

/// P4: nothing runs beyond the ceiling that the offline keys set.
Broken ceiling(const Truth& truth, const Machine& machine, Instant now) {
    const Content* content = running_on(truth, machine);
    if (content == nullptr) return {};
    const trust::ContentTerms terms{content->counter, {}, {}, content->ceiling, 0};
    const std::int64_t most = trust::ceiling_at(
        terms, machine.ring, std::chrono::ceil<seconds>(now + std::chrono::minutes{3}));
    if (rollout::bucket(content->sha256, machine.id) < most) return {};
    return machine.id + " runs " + number(machine.running) + " beyond its ceiling";
}

/// P4: nothing runs, and nothing is kept to go back to, that the offline keys did not sign for this
/// stream under this counter: neither a mirror nor the online key makes content.
Broken signed_offline(const Truth& truth, const Machine& machine, Instant) {
    const auto unsigned_one = [&truth](const std::optional<Named>& one) {
        if (!one) return false;
        const auto content = truth.contents.find(one->counter);
        return content == truth.contents.end() || content->second.sha256 != one->sha256;
    };
    for (const std::optional<Named>* one : {&machine.runs, &machine.good}) {
        if (!unsigned_one(*one)) continue;
        return machine.id + (one == &machine.runs ? " runs " : " keeps as good ") +
               number((*one)->counter) + ", " + (*one)->sha256.hex() + ", which nobody signed";
    }
    return {};
}

/// P4: what a machine has verified it does not forget, and from what runs it goes back only to what
/// was good here. (The ring rule would let a recall name other content; the server lets nobody in
/// to what is older.)
Broken rollback(const Truth&, const Machine& machine, Instant) {
    for (const auto& [file, trusted] : machine.trusted) {
        if (trusted.held >= trusted.newest) continue;
        return machine.id + " trusts " + file + " " + number(trusted.held) + " after " +
               number(trusted.newest);
    }
    if (machine.running >= machine.replaced) return {};
    const auto life = machine.lives.find(machine.running);
    if (life != machine.lives.end() && life->second.confirmed) return {};
    return machine.id + " goes back from " + number(machine.replaced) + " to " +
           number(machine.running) + ", which was never good here";
}

/// Who has looked successfully since a recall was published does not run what was recalled.
Broken recall(const Truth& truth, const Machine& machine, Instant) {
    if (!machine.up || machine.running == 0) return {};
    const auto ruling = truth.rulings.find(machine.running);
    if (ruling == truth.rulings.end() || !ruling->second.recalled_from) return {};
    const bool told = machine.timestamp_seen >= *ruling->second.recalled_from;
    if (!told || machine.refreshed == machine.refreshed_before) return {};
    return machine.id + " runs " + number(machine.running) + ", recalled from timestamp " +
           number(*ruling->second.recalled_from) + " on, and has seen " +
           number(machine.timestamp_seen);
}

/// A halt is for good.
Broken halt(const Truth& truth, std::int64_t counter) {
    const auto ruling = truth.rulings.find(counter);
    if (ruling == truth.rulings.end() || !ruling->second.halted || !ruling->second.phase) return {};
    const rollout::Phase phase = *ruling->second.phase;
    if (phase == rollout::Phase::kHalted) return {};
    return number(counter) + " was halted, and is " + std::string(rollout::name_of(phase));
}

using Machines = std::vector<const Machine*>;
using Counters = std::vector<std::int64_t>;

Broken look(const Truth& truth, const Machines& machines, const Counters& counters, Instant now,
            std::string_view only) {
    const auto named = [](const Invariant& invariant, const Broken& broken) {
        return std::string(invariant.name) + ": " + *broken;
    };
    for (const Invariant& invariant : invariants()) {
        if (!only.empty() && only != invariant.name) continue;
        if (invariant.of_machine != nullptr) {
            for (const Machine* machine : machines) {
                const Broken broken = invariant.of_machine(truth, *machine, now);
                if (broken) return named(invariant, broken);
            }
        } else {
            for (const std::int64_t counter : counters) {
                const Broken broken = invariant.of_counter(truth, counter);
                if (broken) return named(invariant, broken);
            }
        }
    }
    // What the parts themselves saw that could never be.
    if (truth.broken.empty() || (!only.empty() && only != "possible")) return {};
    return "possible: " + truth.broken.front();
}

Machines all_machines(const Truth& truth) {
    Machines machines;
    for (const auto& [id, machine] : truth.machines) machines.push_back(&machine);
    return machines;
}

}  // namespace

const std::vector<Invariant>& invariants() {
    static const std::vector<Invariant> all{
        {.name = "attested", .of_machine = &attested},
        {.name = "admitted", .of_machine = &admitted},
        {.name = "window", .of_counter = &window},
        {.name = "segments", .of_counter = &segments},
        {.name = "harm", .of_counter = &harm},
        {.name = "heals", .of_machine = &heals},
        {.name = "ceiling", .of_machine = &ceiling},
        {.name = "signed", .of_machine = &signed_offline},
        {.name = "rollback", .of_machine = &rollback},
        {.name = "recall", .of_machine = &recall},
        {.name = "halt", .of_counter = &halt},
    };
    return all;
}

Broken first_broken(const Truth& truth, Instant now, std::string_view only) {
    std::set<std::int64_t> counters;
    for (const auto& [counter, content] : truth.contents) counters.insert(counter);
    for (const auto& [counter, ruling] : truth.rulings) counters.insert(counter);
    return look(truth, all_machines(truth), Counters(counters.begin(), counters.end()), now, only);
}

Broken first_broken_by_change(Truth& truth, Instant now, std::string_view only) {
    const std::set<std::string> changed = std::exchange(truth.changed_machines, {});
    const std::set<std::int64_t> counters = std::exchange(truth.changed_counters, {});
    Machines machines;
    if (!counters.empty()) {
        machines = all_machines(truth);
    } else {
        for (const std::string& id : changed) machines.push_back(&truth.machines.at(id));
    }
    return look(truth, machines, Counters(counters.begin(), counters.end()), now, only);
}

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::kGood: return "good";
        case Kind::kCrashesOnLoad: return "crashes on load";
        case Kind::kFreezesOnLoad: return "freezes on load";
        case Kind::kCrashesLater: return "crashes later";
        case Kind::kUnwell: return "unwell";
        case Kind::kCutsOff: return "cuts off";
    }
    return "?";
}

}  // namespace firebreak::simulation
