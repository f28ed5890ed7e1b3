#include "tests/simulation/invariants.hpp"

#include <algorithm>

#include "core/rollout/cohort.hpp"

namespace firebreak::simulation {
namespace {

using Broken = std::optional<std::string>;

constexpr std::int64_t kLoadsMost = 2;  ///< unconfirmed_starts_max.

std::string number(std::int64_t value) {
    return std::to_string(value);
}

const Content* running_on(const Truth& truth, const Machine& machine) {
    const auto found = truth.contents.find(machine.running);
    return found == truth.contents.end() ? nullptr : &found->second;
}

/// P1: nothing runs that was not executed first, in this very build.
Broken attested(const Truth& truth, Instant) {
    for (const auto& [id, machine] : truth.machines) {
        const Content* content = running_on(truth, machine);
        if (content == nullptr || content->driven_in.contains(machine.build)) continue;
        return id + " runs " + number(machine.running) + ", never driven in its build";
    }
    return {};
}

/// P2: a machine runs new content only after the server let it in.
Broken admitted(const Truth& truth, Instant) {
    for (const auto& [id, machine] : truth.machines) {
        if (machine.running == 0) continue;
        const auto ruling = truth.rulings.find(machine.running);
        if (ruling != truth.rulings.end() && ruling->second.let_in.contains(id)) continue;
        return id + " runs " + number(machine.running) + " and was not let in";
    }
    return {};
}

/// P2: at most W machines are let in and not confirmed, but for those that a person took upon
/// himself, and for the silence that the plan tolerates.
Broken window(const Truth& truth, Instant) {
    for (const auto& [counter, ruling] : truth.rulings) {
        if (ruling.let_in.empty()) continue;
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
        if (open <= ruling.window_most + tolerated) continue;
        return number(open) + " machines are let in to " + number(counter) +
               " and not confirmed; the window was never wider than " + number(ruling.window_most);
    }
    return {};
}

/// P2: harm that shows before a machine confirms is at most W + k* - 1, again after each time that
/// a person said to go on.
Broken harm(const Truth& truth, Instant) {
    for (const auto& [counter, content] : truth.contents) {
        if (content.kind == Kind::kGood || content.kind == Kind::kCrashesLater) continue;
        std::int64_t harmed = 0;
        for (const auto& [id, machine] : truth.machines) {
            const auto life = machine.lives.find(counter);
            harmed += life != machine.lives.end() && life->second.harmed > 0 ? 1 : 0;
        }
        if (harmed == 0) continue;
        const auto ruling = truth.rulings.find(counter);
        const std::int64_t bound = ruling == truth.rulings.end() ? 0
                                                                 : ruling->second.harm_bound_most *
                                                                       (1 + ruling->second.resumes);
        if (harmed <= bound) continue;
        return number(harmed) + " machines are harmed by " + number(counter) + " (" +
               name_of(content.kind) + "); promised were at most " + number(bound);
    }
    return {};
}

/// P3: content that does not confirm is loaded twice and left behind, network or no network.
Broken heals(const Truth& truth, Instant) {
    for (const auto& [id, machine] : truth.machines) {
        const std::int64_t most =
            kLoadsMost + machine.orderly_stops + kLoadsMost * machine.state_lost;
        for (const auto& [counter, life] : machine.lives) {
            if (life.loads <= most) continue;
            return id + " loaded " + number(counter) + " " + number(life.loads) +
                   " times without confirming it";
        }
    }
    return {};
}

/// P4: nothing runs beyond the ceiling that the offline keys set.
Broken ceiling(const Truth& truth, Instant now) {
    for (const auto& [id, machine] : truth.machines) {
        const Content* content = running_on(truth, machine);
        if (content == nullptr) continue;
        const trust::ContentTerms terms{content->counter, {}, {}, content->ceiling, 0};
        const std::int64_t most = trust::ceiling_at(
            terms, machine.ring, std::chrono::ceil<seconds>(now + std::chrono::minutes{3}));
        if (rollout::bucket(content->sha256, id) < most) continue;
        return id + " runs " + number(machine.running) + " beyond its ceiling";
    }
    return {};
}

/// Who has looked successfully since a recall was published does not run what was recalled.
Broken recall(const Truth& truth, Instant) {
    for (const auto& [id, machine] : truth.machines) {
        if (!machine.up || machine.running == 0) continue;
        const auto ruling = truth.rulings.find(machine.running);
        if (ruling == truth.rulings.end() || !ruling->second.recalled_from) continue;
        const bool told = machine.timestamp_seen >= *ruling->second.recalled_from;
        if (!told || machine.refreshed == machine.refreshed_before) continue;
        return id + " runs " + number(machine.running) + ", recalled from timestamp " +
               number(*ruling->second.recalled_from) + " on, and has seen " +
               number(machine.timestamp_seen);
    }
    return {};
}

/// A halt is for good.
Broken halt(const Truth& truth, Instant) {
    for (const auto& [counter, ruling] : truth.rulings) {
        if (!ruling.halted || !ruling.phase || *ruling.phase == rollout::Phase::kHalted) continue;
        return number(counter) + " was halted, and is " +
               std::string(rollout::name_of(*ruling.phase));
    }
    return {};
}

/// What the parts themselves saw that could never be.
Broken possible(const Truth& truth, Instant) {
    if (truth.broken.empty()) return {};
    return truth.broken.front();
}

}  // namespace

const std::vector<Invariant>& invariants() {
    static const std::vector<Invariant> all{
        {"attested", &attested}, {"admitted", &admitted}, {"window", &window},
        {"harm", &harm},         {"heals", &heals},       {"ceiling", &ceiling},
        {"recall", &recall},     {"halt", &halt},         {"possible", &possible},
    };
    return all;
}

std::optional<std::string> first_broken(const Truth& truth, Instant now, std::string_view only) {
    for (const Invariant& invariant : invariants()) {
        if (!only.empty() && only != invariant.name) continue;
        if (auto broken = invariant.check(truth, now)) {
            return std::string(invariant.name) + ": " + *broken;
        }
    }
    return std::nullopt;
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
