#include "validator/stages/fuzz.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "validator/fuzz/corpus.hpp"
#include "validator/fuzz/lane.hpp"
#include "validator/proof/growth.hpp"
#include "validator/proof/proof.hpp"
#include "validator/proof/trial.hpp"
#include "validator/stages/attempt.hpp"
#include "validator/stages/faults.hpp"
#include "validator/stages/goodware.hpp"

namespace firebreak::validator {
namespace {

/// Sequences of executions, each with a seed of its own. A number of their own rather than --jobs:
/// what a run finds must not depend on how many processors there are.
constexpr std::uint64_t kLanes = 2;

constexpr std::uint64_t kBlameProbesMax = 24;

/// Of ten parts of the stage's time, those for the lanes. The rest is for looking into what they
/// found, or for memory that grows and for neighbours.
constexpr int kLanesShare = 6;

std::uint64_t executions_of(const Run& run) {
    return run.request().fuzz.executions.value_or(run.profile().fuzz.executions);
}

/// As many as there are for the profile's executions, in proportion: --execs is for both.
std::uint64_t neighbours_of(const Run& run) {
    const FuzzCaps& caps = run.profile().fuzz;
    const double share =
        static_cast<double>(executions_of(run)) / static_cast<double>(caps.executions);
    return static_cast<std::uint64_t>(static_cast<double>(caps.neighbours) * share);
}

/// The fuzz stage for one engine build.
class BuildFuzz {
public:
    BuildFuzz(Run& run, const Build& build, FuzzCorpus& corpus, StageDeadline deadline,
              StageResult& result)
        : run_(run), build_(build), corpus_(corpus), deadline_(deadline), result_(result) {}

    void check();

private:
    bool read_rules();
    bool read_fields(Executor& executor);
    std::vector<std::unique_ptr<FuzzLane>> run_lanes(const Mutator& mutator,
                                                     const ContentImage& content);
    void wait_for(const std::vector<std::unique_ptr<FuzzLane>>& lanes, std::uint64_t count);
    bool weigh(const std::vector<std::unique_ptr<FuzzLane>>& lanes);
    void report(const FuzzFault& fault, std::uint64_t lane);
    void check_growth(const std::vector<std::unique_ptr<FuzzLane>>& lanes);
    void give_up(std::string reason);
    bool out_of_time() const { return run_.tools().clock.steady() > deadline_; }

    Run& run_;
    const Build& build_;
    FuzzCorpus& corpus_;
    StageDeadline deadline_;
    StageResult& result_;
    Dictionary dictionary_;
    std::vector<SuppliedFields> fields_;
};

void BuildFuzz::give_up(std::string reason) {
    result_.complete = false;
    result_.reason = build_.label() + ": " + std::move(reason);
}

SuppliedFields fields_of(const std::string& contract, const json::value& inputs) {
    SuppliedFields supplied{.contract = contract, .fields = {}};
    const json::value* list =
        inputs.is_object() ? inputs.get_object().if_contains("fields") : nullptr;
    if (list == nullptr || !list->is_array()) return supplied;
    for (const json::value& element : list->get_array()) {
        SuppliedField field{.name = {}, .type = "text"};
        const Result<JsonObject> object = JsonObject::of(element, "field");
        if (object) field.name = object->string("name").value_or("");
        if (object) field.type = object->string("type").value_or("text");
        supplied.fields.push_back(std::move(field));
    }
    return supplied;
}

std::string contract_name(const std::string& declared) {
    return declared.substr(0, declared.rfind(':'));
}

/// The fields of every contract that the build supplies; where the bundle names contracts, of
/// those.
bool BuildFuzz::read_fields(Executor& executor) {
    const std::vector<std::string>& named = run_.bundle->manifest.contracts;
    for (const std::string& declared : build_.capabilities.contracts) {
        const std::string contract = contract_name(declared);
        const bool wanted =
            named.empty() || std::ranges::any_of(named, [&](const std::string& each) {
                return contract_name(each) == contract;
            });
        if (!wanted) continue;
        const DescribeRun inputs = executor.inputs(contract);
        if (!passes(inputs.verdict)) continue;
        SuppliedFields fields = fields_of(contract, inputs.description);
        if (!fields.fields.empty()) fields_.push_back(std::move(fields));
    }
    if (fields_.empty()) give_up("it supplies none of the content's event contracts");
    return !fields_.empty();
}

/// What there is to mutate with. An engine that cannot describe its rules is fuzzed all the same.
bool BuildFuzz::read_rules() {
    Trial trial(run_, build_, run_.content_views(), run_.profile().sandbox.load);
    const Verdict loaded = trial.load();
    if (!passes(loaded)) {
        give_up("it does not load: " + describe(loaded));
        return false;
    }
    const DescribeRun described = trial.executor()->describe();
    if (passes(described.verdict)) dictionary_.add_description(described.description);
    for (const FileView& file : run_.content_views()) dictionary_.add_file(file.bytes);
    if (!takes_events(run_.bundle->manifest.content_type)) return true;
    if (trial.executor() == nullptr) return false;
    return read_fields(*trial.executor());
}

std::vector<std::unique_ptr<FuzzLane>> BuildFuzz::run_lanes(const Mutator& mutator,
                                                            const ContentImage& content) {
    const std::uint64_t executions = executions_of(run_);
    const auto now = run_.tools().clock.steady();
    const StageDeadline lanes_end = now + std::max(deadline_ - now, {}) * kLanesShare / 10;
    const std::vector<Bytes> seeds = corpus_.inputs(mutator);
    SeededRandom random(run_.request().seed);
    std::vector<std::unique_ptr<FuzzLane>> lanes;
    for (std::uint64_t lane = 0; lane < kLanes; ++lane) {
        LanePlan plan{.program = run_.program_for(build_.file),
                      .policy = run_.profile().sandbox,
                      .clock = run_.tools().clock,
                      .engine = build_.file,
                      .content = content,
                      .mutator = mutator,
                      .seed = random.below(UINT64_MAX),
                      .executions = (executions + lane) / kLanes,
                      .deadline = lanes_end};
        for (std::size_t seed = lane; seed < seeds.size(); seed += kLanes) {
            plan.seeds.push_back(seeds[seed]);
        }
        lanes.push_back(std::make_unique<FuzzLane>(std::move(plan)));
    }
    wait_for(lanes, run_.request().jobs < 2 ? 1 : kLanes);
    return lanes;
}

/// Runs the lanes in `count` threads, and shows how far they are.
void BuildFuzz::wait_for(const std::vector<std::unique_ptr<FuzzLane>>& lanes, std::uint64_t count) {
    constexpr std::chrono::milliseconds kProgressEvery{200};
    std::mutex mutex;
    std::condition_variable ended;
    std::uint64_t threads_ended = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < count; ++thread) {
        threads.emplace_back([&, thread] {
            for (std::uint64_t lane = thread; lane < lanes.size(); lane += count) {
                lanes[lane]->run();
            }
            const std::lock_guard lock(mutex);
            ++threads_ended;
            ended.notify_one();
        });
    }
    {
        std::unique_lock lock(mutex);
        while (!ended.wait_for(lock, kProgressEvery, [&] { return threads_ended == count; })) {
            std::uint64_t done = 0;
            for (const auto& lane : lanes) done += lane->executions();
            run_.tools().progress.show("fuzz in " + build_.label(), done, executions_of(run_),
                                       "executions");
        }
    }
    for (std::thread& thread : threads) thread.join();
}

/// @returns whether all went well.
bool BuildFuzz::weigh(const std::vector<std::unique_ptr<FuzzLane>>& lanes) {
    std::vector<std::pair<Outcome, std::int32_t>> reported;
    for (std::uint64_t lane = 0; lane < lanes.size(); ++lane) {
        result_.executions += lanes[lane]->executions();
        for (const Confinement& confinement : lanes[lane]->confinements()) run_.record(confinement);
        if (!lanes[lane]->trouble().empty()) give_up(lanes[lane]->trouble());
        if (lanes[lane]->out_of_time()) {
            run_.notes.push_back("fuzz in " + build_.label() + ": out of time after " +
                                 std::to_string(lanes[lane]->executions()) +
                                 " executions of lane " + std::to_string(lane + 1) +
                                 "; a faster machine does more");
        }
        corpus_.keep(lanes[lane]->corpus());
        corpus_.keep(lanes[lane]->slow());
        for (const FuzzFault& fault : lanes[lane]->faults()) {
            const std::pair kind{fault.verdict.outcome, fault.verdict.detail};
            if (std::ranges::find(reported, kind) != reported.end()) continue;
            reported.push_back(kind);
            report(fault, lane);
        }
    }
    return reported.empty();
}

void BuildFuzz::report(const FuzzFault& fault, std::uint64_t lane) {
    Verdict said = fault.verdict;
    Finding finding{.id = std::string(fuzz_fault_id(said.outcome)),
                    .build = build_.label(),
                    .evidence = said.message,
                    .measured = said.measured};
    Reproducer reproducer = load_reproducer(finding, build_, run_.content_views(), fault.verdict);
    reproducer.evaluates = true;
    reproducer.input_name = kFuzzInputName;
    reproducer.input = fault.input;
    // What needs no rule at all is not a rule's fault.
    const Culprit culprit = narrowed(run_, build_, reproducer, kBlameProbesMax);
    finding.place = culprit.place;
    const std::string part = blamed(culprit);
    reproducer.files = copies_of(culprit.files);
    const Proof proof = prove(run_, build_, reproducer);
    finding.seen_again = proof.seen_again;
    finding.minimised = proof.minimised;
    if (proof.seen_again == 0) finding.id = "FB1008";
    finding.input = "fuzz-" + sha256(reproducer.input).hex().substr(0, 12);
    said.message.clear();
    finding.message = build_.label() + " " + describe(said) + " on an input of " +
                      std::to_string(reproducer.input.size()) + " bytes, with " + part +
                      " (execution " + std::to_string(fault.execution) + " of lane " +
                      std::to_string(lane + 1) + ")";
    reproducer.finding = finding.id;
    reproducer.input_name = finding.input;
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

/// The same inputs over and over must not take ever more memory.
void BuildFuzz::check_growth(const std::vector<std::unique_ptr<FuzzLane>>& lanes) {
    std::vector<Bytes> inputs;
    for (const auto& lane : lanes) {
        inputs.insert(inputs.end(), lane->corpus().begin(), lane->corpus().end());
    }
    GrowthCheck check(run_, build_, run_.content_views());
    const GrowthCheck::Answer found = check.evaluations(std::move(inputs), deadline_);
    result_.executions += check.executions();
    if (!found.trouble.empty()) give_up(found.trouble);
    if (!found.grows) return;
    const std::string name = "fuzz-" + sha256(found.input).hex().substr(0, 12);
    Finding finding{
        .id = "FB1006",
        .message = build_.label() + " takes ever more memory the more often it evaluates one input",
        .build = build_.label(),
        .input = name};
    Reproducer reproducer =
        load_reproducer(finding, build_, run_.content_views(), {.outcome = Outcome::kAccepted});
    reproducer.evaluates = true;
    reproducer.input_name = name;
    reproducer.input = found.input;
    reproducer.grows = true;
    run_.attach(std::move(reproducer), build_.file, finding);
    run_.add(std::move(finding));
}

void BuildFuzz::check() {
    if (!read_rules()) return;
    const Result<ContentImage> content = ContentImage::make(run_.content_views());
    if (!content) return give_up(content.error().to_string());
    std::unique_ptr<Mutator> mutator;
    if (fields_.empty()) {
        mutator = std::make_unique<FileMutator>(dictionary_, kFuzzInputBytesMax);
    } else {
        mutator = std::make_unique<EventMutator>(dictionary_, fields_, kFuzzInputBytesMax);
    }
    const auto lanes = run_lanes(*mutator, *content);
    // What is at fault as it is need not be changed to be at fault.
    if (!weigh(lanes) || !result_.complete) return;
    check_growth(lanes);
    const NeighbourPlan plan{.build = build_,
                             .mutator = *mutator,
                             .dictionary = dictionary_,
                             .neighbours = neighbours_of(run_),
                             .deadline = deadline_};
    std::string trouble = fuzz_neighbours(run_, plan, result_);
    if (!trouble.empty()) give_up(std::move(trouble));
}

}  // namespace

StageResult check_fuzz(Run& run, StageDeadline deadline) {
    StageResult result;
    Result<FuzzCorpus> corpus = FuzzCorpus::open(run.request().fuzz.corpus, run.tools().files);
    if (!corpus)
        return {.complete = false, .reason = corpus.error().seen_from("--corpus").to_string()};
    open_builds(run);
    if (run.builds.empty()) return {.complete = false, .reason = "no build was opened"};
    std::size_t left = run.builds.size();
    for (const Build& build : run.builds) {
        // An equal share of what is left for each.
        const auto now = run.tools().clock.steady();
        const StageDeadline share = now + std::max(deadline - now, {}) / static_cast<int>(left--);
        run.tools().progress.show("fuzz", static_cast<std::uint64_t>(&build - run.builds.data()),
                                  run.builds.size(), "builds");
        BuildFuzz(run, build, *corpus, share, result).check();
    }
    if (const Result<void> saved = corpus->save(); !saved) {
        run.notes.push_back("the corpus was not kept: " + saved.error().to_string());
    }
    if (!run.request().fuzz.corpus.empty()) run.corpora.push_back(corpus->attested());
    return result;
}

}  // namespace firebreak::validator
