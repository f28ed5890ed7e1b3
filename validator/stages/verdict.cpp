#include <algorithm>
#include <array>
#include <map>

#include "validator/proof/proof.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// Findings that are replayed, and those that are made smaller, by profile.
constexpr std::array<std::size_t, kProfiles> kReplayedMax{4, 12, 20};
constexpr std::array<std::size_t, kProfiles> kMinimisedMax{1, 3, 20};

/// Halving a few hundred files; not yet their lines, which the load stage looks for.
constexpr std::uint64_t kNarrowProbesMax = 12;

/// Of one kind in one build. The first is as good to look at as the tenth.
constexpr std::size_t kMinimisedOfAKind = 1;

/// Replays what the stages before have found.
class Reckoning {
public:
    Reckoning(Run& run, StageDeadline deadline) : run_(run), deadline_(deadline) {}

    StageResult reckon();

private:
    bool waits(const Finding& finding) const;
    void look_again(const Build& build, Finding& finding);
    bool may_minimise(const Finding& finding);
    Proof prove_smaller(const Build& build, Finding& finding);
    std::string summary() const;
    std::size_t limit(const std::array<std::size_t, kProfiles>& caps) const {
        return caps.at(static_cast<std::size_t>(run_.request().profile));
    }

    Run& run_;
    StageDeadline deadline_;
    std::uint64_t executions_ = 1;  // The look at all findings is one.
    std::size_t replayed_ = 0;
    std::size_t minimised_ = 0;
    std::size_t flaky_ = 0;
    std::size_t left_ = 0;
    std::map<std::pair<std::string, std::string>, std::size_t> minimised_of_;
};

/// True for an error that can be replayed, and was not by the stage that found it.
bool Reckoning::waits(const Finding& finding) const {
    return finding.case_number > 0 && !finding.seen_again &&
           finding_rule(finding.id).level == Level::kError;
}

/// Hangs are not: each step costs seconds.
bool Reckoning::may_minimise(const Finding& finding) {
    const bool hangs = run_.case_of(finding).reproducer.expected == Outcome::kTimedOut;
    if (hangs && run_.request().profile != ProfileName::kNightly) return false;
    if (minimised_ >= limit(kMinimisedMax)) return false;
    if (++minimised_of_[{finding.id, finding.build}] > kMinimisedOfAKind) return false;
    ++minimised_;
    return true;
}

/// First the content, so that what follows loads faster; then the input.
Proof Reckoning::prove_smaller(const Build& build, Finding& finding) {
    Run::Case& kept = run_.case_of(finding);
    Reproducer smaller = kept.reproducer;
    const bool fault = smaller.evaluates && ends_worker(smaller.expected);
    if (fault && smaller.files.size() > 1) {
        smaller.files = copies_of(narrowed(run_, build, smaller, kNarrowProbesMax).files);
    }
    Proof proof = prove(run_, build, smaller);
    if (proof.seen_again == kReplays) {
        kept.reproducer = std::move(smaller);
        run_.rewrite(kept);
        return proof;
    }
    // Whatever became of it, the finding is about the reproducer as it was.
    return prove_as_it_is(run_, build, kept.reproducer);
}

void Reckoning::look_again(const Build& build, Finding& finding) {
    const Proof proof = may_minimise(finding)
                            ? prove_smaller(build, finding)
                            : prove_as_it_is(run_, build, run_.case_of(finding).reproducer);
    executions_ += proof.executions;
    finding.seen_again = proof.seen_again;
    finding.minimised = proof.minimised;
    ++replayed_;
    if (proof.seen_again == 0) ++flaky_;
}

std::string Reckoning::summary() const {
    if (replayed_ + left_ == 0) return {};
    std::string text = std::to_string(replayed_) + " findings replayed";
    if (flaky_ > 0) text += ", " + std::to_string(flaky_) + " not seen again";
    if (left_ > 0) text += ", " + std::to_string(left_) + " left as they are";
    return text;
}

StageResult Reckoning::reckon() {
    bool out_of_time = false;
    const auto waiting = static_cast<std::uint64_t>(
        std::ranges::count_if(run_.findings, [this](const Finding& each) { return waits(each); }));
    for (Finding& finding : run_.findings) {
        if (!waits(finding)) continue;
        const Build* build = run_.build_of(run_.case_of(finding).reproducer.engine);
        out_of_time = out_of_time || run_.tools().clock.steady() > deadline_;
        if (build == nullptr || replayed_ >= limit(kReplayedMax) || out_of_time) {
            ++left_;
            continue;
        }
        run_.tools().progress.show("verdict", replayed_, waiting, "findings");
        look_again(*build, finding);
    }
    StageResult result{.executions = executions_, .reason = summary()};
    if (out_of_time) {
        result.complete = false;
        result.reason = "out of time: " + result.reason;
    }
    return result;
}

}  // namespace

StageResult check_verdict(Run& run, StageDeadline deadline) {
    return Reckoning(run, deadline).reckon();
}

}  // namespace firebreak::validator
