#include "validator/abi/examination.hpp"

#include <algorithm>

namespace firebreak::validator {
namespace {

constexpr std::string_view kOpenRule = "opens: one symbol, a whole table, a manifest";

/// The parts of one examination that every check takes.
class Examiner {
public:
    Examiner(const Laboratory& laboratory, const EngineFile& engine,
             const ExaminationMaterial& material, const ContentImage& image)
        : laboratory_(laboratory),
          policy_(laboratory.policy),
          engine_(engine),
          material_(material),
          image_(image) {
        // What an engine makes of an address must show between two processes.
        policy_.fixes_addresses = false;
    }

    /// False when there is nothing more to look at.
    bool open(Examination& out) const {
        Executor executor(laboratory_.program, policy_, laboratory_.clock);
        OpenRun opened = executor.open(engine_, image_);
        out.confinement = executor.confinement();
        if (opened.verdict.outcome == Outcome::kNotRun) {
            out.could_not_look = opened.verdict.message;
            return false;
        }
        const bool fine = passes(opened.verdict);
        if (fine) out.manifest = std::move(opened.capabilities);
        out.checks.push_back(
            {"open", kOpenRule,
             fine ? CheckResult::kept() : CheckResult::broken(describe(opened.verdict))});
        return fine;
    }

    CheckResult run(const AbiCheck& check) const {
        const CheckResult first = once(check);
        if (!check.twice || first.kind != CheckResult::Kind::kKept) return first;
        const CheckResult second = once(check);
        if (second.kind != CheckResult::Kind::kKept || second.evidence == first.evidence) {
            return second;
        }
        return CheckResult::broken("gives other results in another process");
    }

private:
    CheckResult once(const AbiCheck& check) const {
        Executor executor(laboratory_.program, policy_, laboratory_.clock);
        const OpenRun opened = executor.open(engine_, image_);
        if (!passes(opened.verdict)) return failed(opened.verdict);
        std::ranges::copy(material_.input, executor.input(material_.input.size()).begin());
        CheckRun run = executor.check(check.id, material_.input_name, material_.input.size());
        if (!passes(run.verdict)) return failed(run.verdict);
        // Nobody else writes there: an engine's output is the host's.
        if (check.run == &check_process && !run.output.empty()) {
            return CheckResult::broken("writes to its output: " + run.output.substr(0, 100));
        }
        return std::move(run.result);
    }

    static CheckResult failed(const Verdict& verdict) {
        if (verdict.outcome == Outcome::kNotRun) return CheckResult::not_possible(verdict.message);
        return CheckResult::broken(describe(verdict));
    }

    const Laboratory& laboratory_;
    SandboxPolicy policy_;
    const EngineFile& engine_;
    const ExaminationMaterial& material_;
    const ContentImage& image_;
};

}  // namespace

bool Examination::broken() const {
    return std::ranges::any_of(checks, [](const CheckReport& check) {
        return check.result.kind == CheckResult::Kind::kBroken;
    });
}

bool Examination::complete() const {
    return could_not_look.empty() && std::ranges::none_of(checks, [](const CheckReport& check) {
               return check.result.kind == CheckResult::Kind::kNotPossible;
           });
}

OpenRun introduce(const Laboratory& laboratory, const EngineFile& engine) {
    const Result<ContentImage> nothing = ContentImage::make({});
    if (!nothing) return {.verdict = {.message = nothing.error().to_string()}, .capabilities = {}};
    return Executor(laboratory.program, laboratory.policy, laboratory.clock).open(engine, *nothing);
}

CheckResult run_check(const Laboratory& laboratory, const EngineFile& engine,
                      const ExaminationMaterial& material, const AbiCheck& check) {
    const Result<ContentImage> image = ContentImage::make(material.files);
    if (!image) return CheckResult::not_possible(image.error().to_string());
    return Examiner(laboratory, engine, material, *image).run(check);
}

Examination examine(const Laboratory& laboratory, const EngineFile& engine,
                    const ExaminationMaterial& material) {
    Examination out;
    const Result<ContentImage> image = ContentImage::make(material.files);
    if (!image) {
        out.could_not_look = image.error().to_string();
        return out;
    }
    const Examiner examiner(laboratory, engine, material, *image);
    if (!examiner.open(out)) return out;
    bool loads = false;
    for (const AbiCheck& check : abi_checks()) {
        CheckResult result = check.needs_content && !loads
                                 ? CheckResult::not_possible("no content loads")
                                 : examiner.run(check);
        if (check.run == &check_load) loads = result.kind == CheckResult::Kind::kKept;
        out.checks.push_back({check.id, check.rule, std::move(result)});
    }
    return out;
}

}  // namespace firebreak::validator
