#include "validator/proof/proof.hpp"

#include "validator/amplify/doubling.hpp"
#include "validator/proof/growth.hpp"
#include "validator/proof/minimise.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kProbesMax = 160;

/// A hang costs as much time as many crashes.
constexpr std::uint64_t kHangProbesMax = 6;

/// Each probe of a content takes a worker of its own.
constexpr std::uint64_t kFileProbesMax = 32;

/// Whoever has to look at a match in more than this has the file itself.
constexpr std::size_t kMatchInputBytesMax = 1U << 20U;

bool hangs(const Reproducer& reproducer) {
    return reproducer.expected == Outcome::kTimedOut;
}

Patience patience_of(const Reproducer& reproducer, const Patience& limit) {
    return hangs(reproducer) ? hang_patience(limit) : limit;
}

std::vector<FileView> files_of(const Reproducer& reproducer) {
    std::vector<FileView> files;
    for (const content::ContentFile& file : reproducer.files) {
        files.push_back({file.name, file.bytes});
    }
    return files;
}

/// Whether there is something that a smaller input or content can still show: not that a rule is
/// missing, which nothing at all shows as well, nor a refusal, which any damage leads to.
bool can_be_smaller(const Reproducer& reproducer) {
    if (reproducer.whole || reproducer.grows || reproducer.cost || !reproducer.missed_rule.empty())
        return false;
    if (reproducer.expected == Outcome::kRefused) return false;
    if (reproducer.expected == Outcome::kAccepted) {
        return !reproducer.expected_rule.empty() && reproducer.input.size() <= kMatchInputBytesMax;
    }
    return reproducer.evaluates || reproducer.files.size() == 1;
}

Reproducer smaller_input(Run& run, const Build& build, Reproducer reproducer, Proof& proof) {
    const Patience patience = patience_of(reproducer, probe_patience(run.profile().sandbox));
    Trial trial(run, build, files_of(reproducer), patience);
    const InputProbe probe = [&](ByteView input) {
        ++proof.executions;
        return shows(reproducer, trial.evaluate(reproducer.input_name, input), false);
    };
    reproducer.input =
        minimise(reproducer.input, probe, hangs(reproducer) ? kHangProbesMax : kProbesMax);
    return reproducer;
}

Reproducer smaller_content(Run& run, const Build& build, Reproducer reproducer, Proof& proof) {
    Reproducer candidate = reproducer;
    const InputProbe probe = [&](ByteView content) {
        ++proof.executions;
        candidate.files.front().bytes = copy_of(content);
        return shown(run, build, candidate);
    };
    reproducer.files.front().bytes = minimise(reproducer.files.front().bytes, probe,
                                              hangs(reproducer) ? kHangProbesMax : kFileProbesMax);
    return reproducer;
}

}  // namespace

Replay replay(Executor& executor, const EngineFile& engine, const Reproducer& reproducer,
              const ReplayTerms& terms) {
    const SandboxPolicy& policy = terms.policy;
    const auto ended = [](Verdict verdict) {
        return Replay{.run = {.verdict = std::move(verdict), .matches = {}}};
    };
    const Result<ContentImage> content = ContentImage::make(files_of(reproducer));
    if (!content) return ended({.message = content.error().to_string()});
    const Verdict opened = executor.open(engine, *content).verdict;
    if (!passes(opened)) return ended(opened);
    const Verdict loaded = executor
                               .load({.memory_bytes_max = policy.memory_bytes_max},
                                     patience_of(reproducer, policy.load))
                               .verdict;
    if (passes(loaded) && reproducer.grows) {
        Replay growth;
        growth.run.verdict = reproduce_growth(executor, reproducer, growth.costs);
        return growth;
    }
    if (!passes(loaded) || !reproducer.evaluates) return ended(loaded);
    if (reproducer.cost) {
        Replay climbed;
        climbed.run.verdict = reproduce_cost(executor, reproducer, terms.clock, climbed.costs);
        return climbed;
    }
    std::ranges::copy(reproducer.input, executor.input(reproducer.input.size()).begin());
    return {.run = executor.evaluate(reproducer.input_name, reproducer.input.size(),
                                     patience_of(reproducer, policy.evaluate))};
}

bool shown(Run& run, const Build& build, const Reproducer& reproducer) {
    Executor executor(run.program_for(build.file), run.profile().sandbox, run.tools().clock);
    const Replay seen = replay(executor, build.file, reproducer,
                               {.policy = run.profile().sandbox, .clock = run.tools().clock});
    run.record(executor.confinement());
    return shows(reproducer, seen.run, seen.costs);
}

Culprit narrowed(Run& run, const Build& build, const Reproducer& reproducer,
                 std::uint64_t probes_max) {
    Reproducer part = reproducer;
    const FaultProbe probe = [&](const std::vector<FileView>& files) {
        part.files = copies_of(files);
        return shown(run, build, part);
    };
    return bisect(files_of(reproducer), probe, hangs(reproducer) ? kHangProbesMax : probes_max);
}

Proof prove_as_it_is(Run& run, const Build& build, const Reproducer& reproducer) {
    Proof proof{.executions = kReplays};
    for (int replay = 0; replay < kReplays; ++replay) {
        if (shown(run, build, reproducer)) ++proof.seen_again;
    }
    return proof;
}

Proof prove(Run& run, const Build& build, Reproducer& reproducer) {
    Proof proof = prove_as_it_is(run, build, reproducer);
    if (proof.seen_again < kReplays || !can_be_smaller(reproducer)) return proof;
    const auto size_of = [](const Reproducer& each) {
        return each.evaluates ? each.input.size() : each.files.front().bytes.size();
    };
    Reproducer smaller = reproducer.evaluates ? smaller_input(run, build, reproducer, proof)
                                              : smaller_content(run, build, reproducer, proof);
    const std::size_t before = size_of(reproducer);
    if (size_of(smaller) >= before) return proof;
    const Proof of_smaller = prove_as_it_is(run, build, smaller);
    proof.executions += of_smaller.executions;
    // What only a worker with a past shows is no smaller form of it.
    if (of_smaller.seen_again < kReplays) return proof;
    proof.minimised = std::to_string(size_of(smaller)) + " of " + std::to_string(before) + " bytes";
    reproducer = std::move(smaller);
    return proof;
}

}  // namespace firebreak::validator
