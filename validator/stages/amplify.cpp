// The doubling test. What matches is repeated, and the time it takes must not grow faster than the
// input does: a rule that takes four times as long for twice the bytes takes a day for a file that
// somebody made for it.

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "validator/amplify/blame.hpp"
#include "validator/amplify/doubling.hpp"
#include "validator/generate/event_rules.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/evidence.hpp"
#include "validator/stages/goodware.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// At what size how many seeds are tried, the most telling ones first.
struct Level {
    std::size_t bytes;
    std::size_t seeds_max;
};

using Levels = std::array<std::array<Level, 3>, kProfiles>;
constexpr Levels kFileLevels{{
    {{{kAmplifyBytes, 1'000}}},
    {{{kAmplifyBytes, 4'000}}},
    {{{kAmplifyBytes, 1'000'000}, {1U << 20U, 20'000}, {16U << 20U, 1'000}}},
}};
/// Events are text around text, and take far longer to read than to judge.
constexpr Levels kEventLevels{{
    {{{kAmplifyBytes, 300}}},
    {{{kAmplifyBytes, 2'000}}},
    {{{kAmplifyBytes, 1'000'000}, {512U << 10U, 20'000}}},
}};

/// Worth a second look: less than this, no slope counts in (doubling.hpp), and neither is it worth
/// one when everything takes as long.
constexpr microseconds kUnusualMin{27'000};
constexpr std::int64_t kUnusualTimes = 2;

/// Worth doubling: that, and so much more than a quarter of the size takes. Four times is what it
/// should take, nine is too much. What takes long may have grown before and be straight from there.
constexpr std::int64_t kBentTimes = 6;
constexpr microseconds kLong{200'000};
constexpr int kBentRounds = 3;
constexpr int kUsualRounds = 5;

/// A fault counts when it shows in two fresh workers, of three at most.
constexpr int kVotes = 2;
constexpr int kLooks = 3;

/// Rules that get a finding, for each build; suspects beyond twice as many are not looked into.
constexpr std::array<std::size_t, kProfiles> kCulpritsMax{3, 10, 100};

/// What a probe for the rule at fault must take: half of what the whole takes, at most this.
constexpr microseconds kProbeMax{250'000};
constexpr microseconds kProbeShown{40'000};

/// Times worth telling.
constexpr microseconds kMeasuredMin{1'000};

constexpr std::size_t kReproducerInputBytes = 8U << 20U;

class Amplifier {
public:
    Amplifier(Run& run, const Build& build, StageDeadline deadline, StageResult& result)
        : run_(run),
          build_(build),
          deadline_(deadline),
          result_(result),
          gauge_{run.profile().cost, run.tools().clock},
          files_(run.content_views()),
          worker_(run, build, files_, run.profile().sandbox.load) {}

    void check();

private:
    struct Suspicion {
        CostFault fault = CostFault::kNone;
        std::vector<Cost> steps{};
        std::size_t steps_max = 0;  ///< That there were to do.
    };

    bool start();
    void give_up(std::string why) {
        result_.complete = false;
        if (result_.reason.empty()) result_.reason = build_.label() + ": " + std::move(why);
        stopped_ = true;
    }
    AmplifySeeds seeds();
    void screen(const AmplifySeeds& seeds, const Level& level);
    bool fits(const AmplifySeed& seed, std::size_t bytes) const;
    Cost cost_of(const AmplifySeed& seed, std::size_t bytes, int rounds);
    bool is_unusual(const Cost& cost, microseconds usual) const;
    bool is_bent(const AmplifySeed& seed, Cost whole);
    void suspect(const AmplifySeed& seed, std::size_t bytes);
    std::optional<Suspicion> confirmed(const AmplifySeed& seed, std::size_t bytes);
    Blame name(const AmplifySeed& seed, const Suspicion& suspicion);
    bool probe(const AmplifySeed& seed, const Cost& shown, const std::vector<FileView>& files,
               Trial& whole);
    void report(const AmplifySeed& seed, const Suspicion& suspicion);
    void attach(const AmplifySeed& seed, const Suspicion& suspicion, Blame blame, Finding& finding);
    const std::array<Level, 3>& levels() const {
        const bool events = takes_events(run_.bundle->manifest.content_type);
        return (events ? kEventLevels : kFileLevels).at(profile_index());
    }
    std::size_t profile_index() const { return static_cast<std::size_t>(run_.request().profile); }

    Run& run_;
    const Build& build_;
    StageDeadline deadline_;
    StageResult& result_;
    const Gauge gauge_;
    const std::vector<FileView> files_;
    Trial worker_;
    std::vector<Place> places_;  ///< Of the rules, as the engine says.
    std::vector<sigma::Program> programs_;
    std::set<std::string> blamed_;  ///< Files and rules.
    std::size_t suspects_ = 0;
    bool stopped_ = false;
};

bool Amplifier::start() {
    const Verdict verdict = worker_.load();
    if (passes(verdict)) return true;
    give_up("the content loaded before, and not now: " + describe(verdict));
    return false;
}

/// From what the engine says its rules look for. One that says nothing gets what every file holds.
AmplifySeeds Amplifier::seeds() {
    const SeedDraw draw{.seed = run_.request().seed, .count_max = levels().front().seeds_max};
    const bool events = takes_events(run_.bundle->manifest.content_type);
    const DescribeRun described = worker_.executor()->describe();
    std::vector<YaraRule> rules;
    if (passes(described.verdict)) {
        if (events) {
            programs_ = read_event_rules(described.description).value_or(programs_);
        } else {
            rules = yara_rules(described.description).value_or(rules);
        }
    }
    for (const YaraRule& rule : rules) places_.push_back({rule.file, rule.line, rule.name});
    return events ? event_seeds(programs_, build_.capabilities, draw) : file_seeds(rules, draw);
}

/// An engine need not take more than it says.
bool Amplifier::fits(const AmplifySeed& seed, std::size_t bytes) const {
    constexpr std::size_t kAround = 64U << 10U;  // The other fields of an event.
    const std::uint64_t most =
        std::min(build_.capabilities.input_bytes_max, run_.profile().sandbox.input_bytes_max);
    return bytes <= seed.bytes_max && bytes + seed.head.size() + kAround <= most;
}

Cost Amplifier::cost_of(const AmplifySeed& seed, std::size_t bytes, int rounds) {
    Cost cost{.bytes = bytes};
    const Bytes input = amplified(seed, bytes);
    for (int round = 0; round < rounds; ++round) {
        measure(*worker_.executor(), input, gauge_, cost);
        if (!passes(cost.verdict)) break;
    }
    return cost;
}

bool Amplifier::is_unusual(const Cost& cost, microseconds usual) const {
    return fault_of(cost, gauge_.caps) != CostFault::kNone ||
           cost.cpu > std::max(kUnusualMin, usual * kUnusualTimes);
}

/// Whether an unusual seed is worth doubling: most are only slow, and the slower the longer it is.
///
/// @param whole  What it took already.
bool Amplifier::is_bent(const AmplifySeed& seed, Cost whole) {
    if (!passes(whole.verdict)) return true;
    const Cost quarter = cost_of(seed, whole.bytes / 4, kBentRounds);
    const auto bent = [&] {
        return fault_of(whole, gauge_.caps) != CostFault::kNone || whole.cpu > kLong ||
               whole.cpu > quarter.cpu * kBentTimes;
    };
    if (!passes(quarter.verdict)) return true;
    if (!bent()) return false;
    const Bytes input = amplified(seed, whole.bytes);
    for (int round = 0; round < kBentRounds && passes(whole.verdict); ++round) {
        measure(*worker_.executor(), input, gauge_, whole);
    }
    return bent();
}

/// Two of three fresh workers must show the same: a machine can be busy, and a worker unlucky.
std::optional<Amplifier::Suspicion> Amplifier::confirmed(const AmplifySeed& seed,
                                                         std::size_t bytes) {
    const std::size_t count = steps_to(bytes);
    const auto input = [&seed](std::size_t step) {
        return amplified(seed, kAmplifyBytesMin << step);
    };
    if (worker_.executor() != nullptr && worker_.executor()->alive()) {
        const std::vector<Cost> steps = climb(*worker_.executor(), count, input, gauge_);
        if (fault_of(steps, gauge_.caps) == CostFault::kNone) return std::nullopt;
    }
    std::map<CostFault, int> votes;
    for (int look = 0; look < kLooks; ++look) {
        Trial fresh(run_, build_, files_, run_.profile().sandbox.load);
        if (const Verdict loaded = fresh.load(); !passes(loaded)) {
            give_up("the content loaded before, and not now: " + describe(loaded));
            return std::nullopt;
        }
        Suspicion seen{.steps = climb(*fresh.executor(), count, input, gauge_), .steps_max = count};
        seen.fault = fault_of(seen.steps, gauge_.caps);
        if (++votes[seen.fault] < kVotes) continue;
        if (seen.fault == CostFault::kNone) return std::nullopt;
        if (seen.fault == CostFault::kUnclear) break;
        return seen;
    }
    give_up("could not tell what an input that repeats " + seed.shown +
            " costs: this machine is too busy");
    return std::nullopt;
}

void Amplifier::suspect(const AmplifySeed& seed, std::size_t bytes) {
    if (const std::optional<Suspicion> suspicion = confirmed(seed, bytes)) {
        ++suspects_;
        report(seed, *suspicion);
    }
    if (!stopped_) start();
}

// ---- The rule -------------------------------------------------------------------------------

/// Whether a part of the content takes half at least of what all of it takes.
///
/// @param whole  All of it, measured in turn with the part: what slows the machine for a while
///   slows both, and what made `shown` look slow may be over. Where it does not end, a limit must
///   do.
bool Amplifier::probe(const AmplifySeed& seed, const Cost& shown,
                      const std::vector<FileView>& files, Trial& whole) {
    Trial part(run_, build_, files, run_.profile().sandbox.load);
    if (!passes(part.load())) return false;
    const bool compares = passes(shown.verdict) && passes(whole.load());
    CostCaps caps = gauge_.caps;
    if (!compares) {
        caps.amplified_cpu_max =
            std::chrono::ceil<milliseconds>(std::min(kProbeMax, shown.cpu / 2));
    }
    Cost cost{.bytes = std::min(shown.bytes, kAmplifyBytes)};
    Cost all = cost;
    const Bytes input = amplified(seed, shown.bytes);
    constexpr int kRounds = 3;
    for (int round = 0; round < kRounds; ++round) {
        measure(*part.executor(), input, {caps, gauge_.clock}, cost);
        if (!passes(cost.verdict) && !cost.starved) break;
        if (compares && whole.executor() != nullptr && whole.executor()->alive()) {
            measure(*whole.executor(), input, {caps, gauge_.clock}, all);
        }
    }
    const CostFault fault = fault_of(cost, caps);
    if (fault == CostFault::kUnclear) return false;
    return fault != CostFault::kNone || (compares && cost.cpu > all.cpu / 2);
}

Blame Amplifier::name(const AmplifySeed& seed, const Suspicion& suspicion) {
    // The smallest input that shows it well enough.
    const auto clear = std::ranges::find_if(suspicion.steps, [](const Cost& step) {
        return step.cpu > kProbeShown || !passes(step.verdict);
    });
    const Cost& shown = clear == suspicion.steps.end() ? suspicion.steps.back() : *clear;
    Trial whole(run_, build_, files_, run_.profile().sandbox.load);
    return blame({files_, places_, programs_, seed.rule}, [&](const std::vector<FileView>& files) {
        return probe(seed, shown, files, whole);
    });
}

/// @returns the id of the finding, and what the rule does.
std::pair<std::string_view, std::string_view> words_for(CostFault fault) {
    switch (fault) {
        case CostFault::kGrows:
            return {"FB801", "takes more than three times as long for twice the input, of one"};
        case CostFault::kSlow: return {"FB802", "takes too long for a small input"};
        case CostFault::kMemory: return {"FB803", "takes too much memory for an input"};
        default: return {"FB804", "makes the engine fail on an input"};
    }
}

void Amplifier::report(const AmplifySeed& seed, const Suspicion& suspicion) {
    Blame blame = name(seed, suspicion);
    if (!blamed_.insert(blame.place.file + "\n" + blame.place.rule).second) return;
    const auto [id, what] = words_for(suspicion.fault);
    // No times: the same run again must find the same.
    Finding finding{
        .id = std::string(id),
        .place = blame.place,
        .message = (blame.place.rule.empty() ? "the content" : "rule " + blame.place.rule) + " " +
                   std::string(what) + " that repeats " + seed.shown + " in " + build_.label(),
        .build = build_.label(),
        .input = std::string(kAmplifiedName)};
    for (const Cost& step : suspicion.steps) {
        if (step.cpu < kMeasuredMin || step.cpu == microseconds::max()) continue;
        finding.measured += (finding.measured.empty() ? "" : ", ") +
                            std::to_string(step.cpu.count() / 1000) + " ms for " +
                            std::to_string(step.bytes >> 10U) + " KiB";
    }
    if (suspicion.fault == CostFault::kFails) {
        finding.evidence = describe(suspicion.steps.back().verdict);
    }
    attach(seed, suspicion, std::move(blame), finding);
    run_.add(std::move(finding));
}

/// All sizes up to the largest, whichever it showed at: that is for the machine to say.
void Amplifier::attach(const AmplifySeed& seed, const Suspicion& suspicion, Blame blame,
                       Finding& finding) {
    const bool fails = suspicion.fault == CostFault::kFails;
    const std::size_t steps = fails ? suspicion.steps.size() : suspicion.steps_max;
    Reproducer reproducer{
        .finding = finding.id,
        .engine = build_.file.sha256,
        .files = std::move(blame.files),
        .evaluates = true,
        .input_name = std::string(kAmplifiedName),
        .input = amplified(seed, kAmplifyBytesMin << (steps - 1)),
        .expected = fails ? suspicion.steps.back().verdict.outcome : Outcome::kAccepted};
    if (reproducer.input.size() > kReproducerInputBytes) return;
    if (!fails) {
        reproducer.cost = {.smaller = {},
                           .cpu_max = gauge_.caps.amplified_cpu_max,
                           .memory_bytes_max = gauge_.caps.amplified_memory_max};
        for (std::size_t step = 0; step + 1 < steps; ++step) {
            reproducer.cost->smaller.push_back(amplified(seed, kAmplifyBytesMin << step));
        }
    }
    run_.attach(reproducer, build_.file, finding);
}

// ---- All of it ------------------------------------------------------------------------------

void Amplifier::screen(const AmplifySeeds& seeds, const Level& level) {
    if (level.seeds_max == 0 || seeds.usual.empty()) return;
    if (!fits(seeds.usual.front(), level.bytes)) return;
    const Cost usual = cost_of(seeds.usual.front(), level.bytes, kUsualRounds);
    if (is_unusual(usual, microseconds::max() / kUnusualTimes)) {
        suspect(seeds.usual.front(), level.bytes);
    }
    const std::size_t count = std::min(seeds.all.size(), level.seeds_max);
    for (std::size_t index = 0; index < count && !stopped_; ++index) {
        const AmplifySeed& seed = seeds.all[index];
        if (suspects_ >= 2 * kCulpritsMax.at(profile_index())) return;
        if (gauge_.clock.steady() > deadline_) return give_up("out of time");
        run_.tools().progress.show("amplify in " + build_.label(), index, count, "strings");
        std::size_t bytes = level.bytes;
        while (bytes > kAmplifyBytesMin && !fits(seed, bytes)) bytes /= 2;
        if (!fits(seed, bytes) || std::ranges::any_of(blamed_, [&seed](const std::string& known) {
                return !seed.rule.empty() && known.ends_with("\n" + seed.rule);
            })) {
            continue;
        }
        const Cost cost = cost_of(seed, bytes, 1);
        ++result_.executions;
        if (is_unusual(cost, usual.cpu) && is_bent(seed, cost)) suspect(seed, bytes);
    }
}

void Amplifier::check() {
    if (!start()) return;
    const AmplifySeeds all = seeds();
    if (!start()) return;
    if (all.left_out > 0) {
        run_.notes.push_back(build_.label() + ": amplified " + std::to_string(all.all.size()) +
                             " of " + std::to_string(all.all.size() + all.left_out) +
                             " strings of the rules, drawn by the seed");
    }
    for (const Level& level : levels()) {
        if (!stopped_) screen(all, level);
    }
}

}  // namespace

StageResult check_amplify(Run& run, StageDeadline deadline) {
    StageResult result;
    for (const Build& build : run.builds) Amplifier(run, build, deadline, result).check();
    return result;
}

}  // namespace firebreak::validator
