// What an Executor does for batches: many inputs, one exchange.

#include <algorithm>

#include "core/base/check.hpp"
#include "validator/sandbox/executor.hpp"
#include "validator/sandbox/messages.hpp"

namespace firebreak::validator {

std::size_t Executor::batch_slots() const {
    FIREBREAK_CHECK(input_.has_value());
    return input_->slots();
}

std::span<std::uint8_t> Executor::batch_input(std::size_t number, std::size_t length) const {
    FIREBREAK_CHECK(input_.has_value());
    return input_->slot(number, length);
}

BatchRun Executor::evaluate_batch(std::string_view name, std::span<const std::size_t> lengths,
                                  const Patience& patience) {
    if (!alive()) return {.verdict = {.message = "its worker is gone"}};
    FIREBREAK_CHECK(!lengths.empty() && lengths.size() <= batch_slots());
    WireWriter request(MessageType::kBatch);
    request.text(name.substr(0, kNameBytesMax));
    const Patience limit = granted(patience);
    request.u64(static_cast<std::uint64_t>(limit.cpu.count()));
    request.u32(static_cast<std::uint32_t>(lengths.size()));
    for (const std::size_t length : lengths) request.u64(length);
    // What an earlier batch left there is not an answer to this one.
    batch_->clear();
    const auto now = clock_.steady();
    const std::chrono::microseconds cpu = cpu_time();
    Watch watch{.patience = limit,
                .started = now,
                .cpu_before = cpu,
                .finished = 0,
                .batch_started = now,
                .batch_cpu_before = cpu};
    const Reply reply = observe(request.frame(), watch);
    BatchRun run{.verdict = reply.verdict};
    if (!reply.body) {
        // It died at one of them. Those before it were answered.
        if (!take_entries(lengths.size(), run)) {
            run.runs.clear();
            run.features.clear();
        }
        return run;
    }
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kBatchDone) {
        run.verdict = refusal_or_broken(reader);
        return run;
    }
    const std::size_t done = reader.u32();
    const bool whole = reader.finished() && done > 0 && done <= lengths.size() &&
                       take_entries(done, run) && run.runs.size() == done;
    if (!whole) {
        run.runs.clear();
        run.features.clear();
        run.verdict = broken("batch");
    }
    return run;
}

/// From a copy of the area: what the worker does with it meanwhile changes nothing.
///
/// @returns false when what it holds is not entries.
bool Executor::take_entries(std::size_t asked, BatchRun& run) const {
    const std::size_t finished = std::min<std::size_t>(batch_->finished(), asked);
    const Bytes answers = batch_->answers();
    ByteView rest = answers;
    for (std::size_t index = 0; index < finished; ++index) {
        Result<BatchEntry> entry = decode_batch_entry(rest);
        if (!entry) return false;
        EvaluateRun each{.verdict = {.outcome = Outcome::kAccepted, .cpu = entry->cpu},
                         .matches = {}};
        if (entry->failed) {
            each.verdict.outcome = Outcome::kFailed;
            each.verdict.message = std::move(entry->message);
        } else {
            for (std::string& rule : entry->rules) each.matches.push_back({std::move(rule), {}});
        }
        run.runs.push_back(std::move(each));
        run.features.push_back(std::move(entry->features));
    }
    return true;
}

/// A worker that says it is done with an input gets the patience anew for the next. One that only
/// says so is ended by batch_over().
void Executor::note_progress(Watch& watch) const {
    const std::uint32_t finished = batch_->finished();
    if (finished == watch.finished) return;
    watch.finished = finished;
    watch.started = clock_.steady();
    watch.cpu_before = cpu_time();
}

/// The worker answers a batch early once it took as long as one input may: with the last of them,
/// that makes twice.
bool Executor::batch_over(const Watch& watch) const {
    if (!watch.finished) return false;
    const auto cpu = cpu_time() - watch.batch_cpu_before;
    const auto wall = clock_.steady() - watch.batch_started;
    return cpu > 2 * watch.patience.cpu + kTick || wall > 2 * watch.patience.wall + kTick;
}

}  // namespace firebreak::validator
