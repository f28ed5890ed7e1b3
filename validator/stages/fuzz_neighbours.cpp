#include <algorithm>

#include "validator/fuzz/lane.hpp"
#include "validator/generate/changes.hpp"
#include "validator/proof/proof.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/fuzz.hpp"

namespace firebreak::validator {
namespace {

/// Inputs for each neighbour that loads.
constexpr std::size_t kInputs = 32;

/// Larger files are cut down to this first: many changes to a little content show more than few to
/// much.
constexpr std::size_t kFileBytesMax = 64U << 10U;

constexpr std::size_t kReportsMax = 5;

bool is_text(ByteView bytes) {
    return std::ranges::find(bytes, std::uint8_t{0}) == bytes.end();
}

struct Neighbour {
    std::string name;
    Bytes bytes;
};

/// True for what content must never do to an engine, however broken it is.
bool is_harm(const Verdict& verdict) {
    return ends_worker(verdict.outcome) && verdict.outcome != Outcome::kNotRun;
}

class NeighbourFuzz {
public:
    NeighbourFuzz(Run& run, const NeighbourPlan& plan, StageResult& result)
        : run_(run), plan_(plan), result_(result), random_(run.request().seed ^ kSalt) {}

    std::string fuzz();

private:
    static constexpr std::uint64_t kSalt = 0x6E65'6967'6862'6F75;

    Neighbour next();
    EvaluateRun try_out(const Neighbour& neighbour, Bytes& input);
    void report(const Neighbour& neighbour, const Verdict& verdict, const Bytes* input);

    Run& run_;
    const NeighbourPlan& plan_;
    StageResult& result_;
    SeededRandom random_;
    std::vector<std::pair<Outcome, std::int32_t>> reported_;
};

Neighbour NeighbourFuzz::next() {
    const std::vector<content::ContentFile>& files = run_.bundle->files;
    const content::ContentFile& file = files[random_.below(files.size())];
    Neighbour neighbour{file.name, file.bytes};
    if (neighbour.bytes.size() > kFileBytesMax) neighbour.bytes.resize(kFileBytesMax);
    const bool text = is_text(neighbour.bytes);
    const content::ContentFile& other = files[random_.below(files.size())];
    for (std::uint64_t left = 1 + random_.below(3); left > 0; --left) {
        if (random_.below(8) == 0) {
            splice(random_, other.bytes, neighbour.bytes);
        } else if (text) {
            damage_text(random_, plan_.dictionary.integers, neighbour.bytes);
        } else if (random_.below(4) == 0) {
            put_integer(random_, plan_.dictionary.integers, neighbour.bytes);
        } else {
            damage(random_, neighbour.bytes);
        }
    }
    return neighbour;
}

/// @param input  Set when loading was well, and an input was not.
EvaluateRun NeighbourFuzz::try_out(const Neighbour& neighbour, Bytes& input) {
    Trial trial(run_, plan_.build, {{neighbour.name, neighbour.bytes}},
                probe_patience(run_.profile().sandbox));
    const Verdict loaded = trial.load();
    if (loaded.outcome != Outcome::kNotRun) ++result_.executions;
    if (!passes(loaded)) return {.verdict = loaded, .matches = {}};
    std::vector<Bytes> inputs;
    std::vector<std::size_t> lengths;
    Executor& executor = *trial.executor();
    while (inputs.size() < std::min(kInputs, executor.batch_slots())) {
        inputs.push_back(plan_.mutator.next(random_, {}));
        lengths.push_back(inputs.back().size());
        const auto place = executor.batch_input(inputs.size() - 1, inputs.back().size());
        std::ranges::copy(inputs.back(), place.begin());
    }
    const BatchRun run =
        executor.evaluate_batch(kFuzzInputName, lengths, probe_patience(run_.profile().sandbox));
    result_.executions += run.runs.size();
    if (is_harm(run.verdict) && run.runs.size() < inputs.size()) input = inputs[run.runs.size()];
    return {.verdict = run.verdict, .matches = {}};
}

void NeighbourFuzz::report(const Neighbour& neighbour, const Verdict& verdict, const Bytes* input) {
    const std::pair kind{verdict.outcome, verdict.detail};
    if (std::ranges::find(reported_, kind) != reported_.end()) return;
    reported_.push_back(kind);
    Verdict said = verdict;
    said.message.clear();
    Finding finding{.id = "FB1007",
                    .place = {.file = neighbour.name, .line = 0, .rule = {}},
                    .message = {},
                    .build = plan_.build.label(),
                    .evidence = verdict.message,
                    .measured = verdict.measured};
    Reproducer reproducer =
        load_reproducer(finding, plan_.build, {{neighbour.name, neighbour.bytes}}, verdict);
    if (input != nullptr) {
        finding.input = "fuzz-" + sha256(*input).hex().substr(0, 12);
        reproducer.evaluates = true;
        reproducer.input_name = finding.input;
        reproducer.input = *input;
    }
    const Proof proof = prove(run_, plan_.build, reproducer);
    finding.seen_again = proof.seen_again;
    finding.minimised = proof.minimised;
    if (proof.seen_again == 0) finding.id = "FB1008";
    reproducer.finding = finding.id;
    finding.message = plan_.build.label() + " " + describe(said) + " on " +
                      (input == nullptr ? "loading" : "an input with") + " a changed " +
                      neighbour.name + " of " +
                      std::to_string(reproducer.files.front().bytes.size()) + " bytes";
    run_.attach(std::move(reproducer), plan_.build.file, finding);
    run_.add(std::move(finding));
}

std::string NeighbourFuzz::fuzz() {
    if (run_.bundle->files.empty()) return {};
    for (std::uint64_t done = 0; done < plan_.neighbours; ++done) {
        if (run_.tools().clock.steady() > plan_.deadline) {
            run_.notes.push_back("fuzz in " + plan_.build.label() + ": out of time after " +
                                 std::to_string(done) + " neighbours of the content");
            return {};
        }
        const Neighbour neighbour = next();
        Bytes input;
        const EvaluateRun run = try_out(neighbour, input);
        if (run.verdict.outcome == Outcome::kNotRun) return describe(run.verdict);
        if (is_harm(run.verdict)) {
            report(neighbour, run.verdict, input.empty() ? nullptr : &input);
        }
        if (reported_.size() == kReportsMax) break;
    }
    return {};
}

}  // namespace

std::string fuzz_neighbours(Run& run, const NeighbourPlan& plan, StageResult& result) {
    return NeighbourFuzz(run, plan, result).fuzz();
}

}  // namespace firebreak::validator
