#include "validator/commands/commands.hpp"
#include "validator/proof/proof.hpp"
#include "validator/report/reproducer.hpp"

namespace firebreak::validator {
namespace {

json::object report_of(const Reproducer& reproducer, const EngineFile& engine,
                       const EvaluateRun& run, bool again, const Confinement& confinement) {
    json::array matches;
    for (const sensor::Match& match : run.matches) {
        matches.push_back(json::object{{"rule", match.rule}, {"detail", match.detail}});
    }
    return {{"finding", reproducer.finding},
            {"reproduced", again},
            {"expected", to_string(reproducer.expected)},
            {"outcome", to_string(run.verdict.outcome)},
            {"detail", run.verdict.detail},
            {"message", run.verdict.message},
            {"matches", std::move(matches)},
            {"cpu_ms", run.verdict.cpu.count() / 1000},
            {"engine", engine.sha256.hex()},
            {"same_engine", engine.sha256 == reproducer.engine},
            {"sandbox", confinement.to_string()}};
}

std::string text_of_run(const Reproducer& reproducer, const EngineFile& engine,
                        const EvaluateRun& run, bool again, const Terminal& terminal) {
    std::string text = (again ? terminal.bad("reproduced") : terminal.good("not reproduced")) +
                       "  " + reproducer.finding + ": " + describe(run.verdict) + "\n";
    for (const sensor::Match& match : run.matches) {
        text += "  match  " + match.rule + "  " + match.detail + "\n";
    }
    if (engine.sha256 != reproducer.engine) {
        text += "  note   made with another engine build, " + reproducer.engine.hex() + "\n";
    }
    return text;
}

}  // namespace

int reproduce(const World& world, const ReproduceOptions& options) {
    const Result<Bytes> file = world.files.read(options.file, kReproducerBytesMax);
    if (!file) return complain(kExitUsage, file.error().seen_from("reproducer").to_string());
    const Result<Reproducer> reproducer = parse_reproducer(*file);
    if (!reproducer) {
        return complain(kExitUsage, reproducer.error().seen_from(options.file).to_string());
    }
    const Result<EngineFile> engine = engine_file(world.files, options.engine);
    if (!engine) return complain(kExitUsage, engine.error().to_string());
    const SandboxPolicy& policy = profile(ProfileName::kGate).sandbox;
    std::size_t input_bytes = reproducer->input.size();
    if (reproducer->cost) {
        for (const Bytes& input : reproducer->cost->smaller) {
            input_bytes = std::max(input_bytes, input.size());
        }
    }
    if (input_bytes > policy.input_bytes_max) {
        return complain(kExitUsage, options.file + ": its input is too large");
    }
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());
    const Result<std::optional<WorkerProgram>> twin_host = find_twin_host(options.twin_host);
    if (!twin_host) return complain(kExitUsage, twin_host.error().to_string());
    if (engine->sanitized && !program->sanitized() && !*twin_host) {
        return complain(kExitInconclusive,
                        options.engine + ": a sanitizer build needs --twin-host");
    }
    Executor executor(program_to_open(*engine, *program, *twin_host ? &**twin_host : nullptr),
                      policy, world.clock);
    const auto [run, costs] =
        replay(executor, *engine, *reproducer, {.policy = policy, .clock = world.clock});
    const bool again = shows(*reproducer, run, costs);
    const std::string text =
        world.terminal.json()
            ? pretty_json(report_of(*reproducer, *engine, run, again, executor.confinement()))
            : text_of_run(*reproducer, *engine, run, again, world.terminal);
    if (!print(text)) return complain(kExitInconclusive, "cannot write to stdout");
    if (run.verdict.outcome == Outcome::kNotRun) return kExitInconclusive;
    return again ? 0 : 1;
}

}  // namespace firebreak::validator
