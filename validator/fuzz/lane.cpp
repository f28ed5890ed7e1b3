#include "validator/fuzz/lane.hpp"

#include <algorithm>

#include "core/base/digest.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kCorpusMax = 4096;
constexpr std::size_t kSlowMax = 64;

/// From here on an input is worth a look in a later run.
constexpr std::chrono::milliseconds kSlow{100};

/// A build that dies this often is not worth driving on: the bundle is rejected anyway.
constexpr int kDeathsMax = 8;

/// A hang costs as much time as many crashes, and two in a row say all.
constexpr int kHangCounts = 4;

/// So that whatever a worker gathers with time does not decide what later inputs meet.
constexpr std::uint64_t kWorkerExecutionsMax = 20'000;

/// One number for a text, the same on every machine.
std::uint64_t number_of(std::string_view kind, std::string_view text) {
    Sha256Stream stream;
    stream.update(bytes_of(kind));
    stream.update(bytes_of(text));
    const Sha256 digest = stream.finish();
    std::uint64_t number = 0;
    for (std::size_t index = 0; index < 8; ++index) number = number << 8U | digest.bytes.at(index);
    return number;
}

}  // namespace

FuzzLane::FuzzLane(LanePlan plan)
    : plan_(std::move(plan)), patience_(probe_patience(plan_.policy)), random_(plan_.seed) {}

bool FuzzLane::stop(std::string why) {
    if (trouble_.empty()) trouble_ = std::move(why);
    return false;
}

void FuzzLane::run() {
    while (executions_ < plan_.executions) {
        if (plan_.clock.steady() > plan_.deadline) {
            out_of_time_ = true;
            break;
        }
        if (!executor_ && !fresh_worker()) break;
        if (!evaluate(next_inputs())) break;
        if (in_this_worker_ >= kWorkerExecutionsMax) executor_.reset();
    }
    executor_.reset();
}

bool FuzzLane::fresh_worker() {
    executor_ = std::make_unique<Executor>(plan_.program, plan_.policy, plan_.clock);
    in_this_worker_ = 0;
    const OpenRun opened = executor_->open(plan_.engine, plan_.content);
    confinements_.push_back(executor_->confinement());
    if (!passes(opened.verdict)) return stop("no worker: " + describe(opened.verdict));
    const LoadRun loaded = executor_->load({.memory_bytes_max = plan_.policy.memory_bytes_max});
    if (!passes(loaded.verdict)) return stop("it does not load: " + describe(loaded.verdict));
    return true;
}

std::vector<Bytes> FuzzLane::next_inputs() {
    const std::uint64_t left = plan_.executions - executions_;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(left, executor_->batch_slots()));
    std::vector<Bytes> inputs;
    while (inputs.size() < count) {
        if (seeds_done_ < plan_.seeds.size()) {
            inputs.push_back(plan_.seeds[seeds_done_++]);
        } else {
            inputs.push_back(plan_.mutator.next(random_, corpus_));
        }
    }
    return inputs;
}

bool FuzzLane::evaluate(const std::vector<Bytes>& inputs) {
    std::size_t first = 0;
    while (first < inputs.size()) {
        if (!executor_ && !fresh_worker()) return false;
        std::vector<std::size_t> lengths;
        for (std::size_t index = first; index < inputs.size(); ++index) {
            const std::span<std::uint8_t> place =
                executor_->batch_input(index - first, inputs[index].size());
            std::ranges::copy(inputs[index], place.begin());
            lengths.push_back(inputs[index].size());
        }
        const BatchRun run = executor_->evaluate_batch(kFuzzInputName, lengths, patience_);
        for (std::size_t index = 0; index < run.runs.size(); ++index) {
            absorb(inputs[first + index], run.runs[index], run.features[index]);
        }
        first += run.runs.size();
        if (passes(run.verdict)) continue;
        if (run.verdict.outcome == Outcome::kNotRun) return stop(describe(run.verdict));
        if (!ends_worker(run.verdict.outcome)) {
            // About the batch as a whole: which of them it was, only one by one can tell.
            executor_.reset();
            return evaluate_singly(inputs, first);
        }
        executor_.reset();
        if (first == inputs.size()) return true;
        ++executions_;
        add_fault(inputs[first++], run.verdict);
        if (run.verdict.outcome == Outcome::kTimedOut) deaths_ += kHangCounts;
        if (++deaths_ > kDeathsMax) return stop("gave up after too many dead workers");
    }
    return true;
}

bool FuzzLane::evaluate_singly(const std::vector<Bytes>& inputs, std::size_t first) {
    for (std::size_t index = first; index < inputs.size(); ++index) {
        if (!executor_ && !fresh_worker()) return false;
        std::ranges::copy(inputs[index], executor_->input(inputs[index].size()).begin());
        const EvaluateRun run =
            executor_->evaluate(kFuzzInputName, inputs[index].size(), patience_);
        if (run.verdict.outcome == Outcome::kNotRun) return stop(describe(run.verdict));
        absorb(inputs[index], run, {});
        if (passes(run.verdict)) continue;
        executor_.reset();
        if (++deaths_ > kDeathsMax) return stop("gave up after too many dead workers");
    }
    return true;
}

void FuzzLane::absorb(const Bytes& input, const EvaluateRun& run,
                      const std::vector<std::uint32_t>& features) {
    ++executions_;
    ++in_this_worker_;
    if (!passes(run.verdict)) return add_fault(input, run.verdict);
    bool is_new = false;
    for (const std::uint32_t feature : features) is_new |= seen_.insert(feature).second;
    std::string together;
    for (const sensor::Match& match : run.matches) {
        is_new |= seen_.insert(number_of("rule", match.rule)).second;
        together += match.rule + "\n";
    }
    is_new |= seen_.insert(number_of("rules", together)).second;
    if (is_new && corpus_.size() < kCorpusMax) corpus_.push_back(input);
    if (run.verdict.cpu >= kSlow && slow_.size() < kSlowMax) slow_.push_back(input);
}

void FuzzLane::add_fault(const Bytes& input, const Verdict& verdict) {
    const bool known = std::ranges::any_of(faults_, [&](const FuzzFault& fault) {
        return fault.verdict.outcome == verdict.outcome && fault.verdict.detail == verdict.detail;
    });
    if (!known) faults_.push_back({verdict, input, executions_});
}

}  // namespace firebreak::validator
