#include <algorithm>
#include <iomanip>
#include <memory>
#include <sstream>

#include "validator/stages/faults.hpp"
#include "validator/stages/goodware.hpp"
#include "validator/stages/sentinel.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kRounds = 3;

/// What is scanned for the clock: large enough that a call's overhead does not count.
constexpr std::uint64_t kInputBytesMin = 64U << 10U;
constexpr std::uint64_t kInputBytesMax = 4U << 20U;
constexpr std::uint64_t kInputsBytesMax = 16U << 20U;
constexpr std::uint64_t kInputsBytesMin = 1U << 20U;

/// Times shorter than this are not compared: the noise would be.
constexpr microseconds kComparableMin{20'000};

/// With all that is around an event in the worker: reading, mapping, and telling the supervisor.
/// A rule set that an event takes 20 ms of is not for a device.
constexpr double kEventsPerSecondMin = 50;

constexpr double kMuchSlower = 2.0;
constexpr double kSlower = 1.25;  // A fifth less throughput.

struct Input {
    std::string name;
    Bytes bytes;
};

/// Text-like bytes of a fixed pattern, where no goodware is at hand: the same on every machine.
Bytes synthetic(std::uint64_t seed) {
    constexpr std::size_t kBytes = 256U << 10U;
    constexpr std::string_view kAlphabet = "etaoinshrdlucmfwypvbgkjqxz0123456789 \n\t._/";
    std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    Bytes bytes(kBytes);
    for (std::uint8_t& byte : bytes) {
        // xorshift64 (Marsaglia 2003).
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        byte = static_cast<std::uint8_t>(kAlphabet[state % kAlphabet.size()]);
    }
    return bytes;
}

/// Events: those of the goodware, and an empty one of each contract where there are none.
std::vector<Input> events_of(const Run& run) {
    std::vector<Input> inputs;
    const CorpusCaps caps{
        .files_max = 1000, .bytes_max = kInputsBytesMax, .file_bytes_max = kInputsBytesMax};
    for (const std::filesystem::path& root : run.request().goodware) {
        const Result<Goodware> events =
            list_events(root, caps, run.request().seed, run.tools().files);
        if (!events) continue;
        std::filesystem::path read;
        Bytes text;
        for (const GoodwareFile& event : events->files) {
            if (event.path != read) {
                read = event.path;
                text = run.tools().files.read(read, kInputsBytesMax).value_or(Bytes{});
            }
            if (event.offset + event.bytes > text.size()) continue;
            inputs.push_back(
                {event.name, copy_of(ByteView(text).subspan(event.offset, event.bytes))});
        }
    }
    if (!inputs.empty()) return inputs;
    const std::optional<Sentinel> sentinel =
        sentinel_for(run.bundle->manifest.content_type, run.content_views());
    if (!sentinel) return inputs;
    for (SentinelInput& input : sentinel_inputs(*sentinel)) {
        inputs.push_back({std::move(input.name), std::move(input.bytes)});
    }
    return inputs;
}

std::vector<Input> inputs_of(const Run& run) {
    if (takes_events(run.bundle->manifest.content_type)) return events_of(run);
    std::vector<Input> inputs;
    std::uint64_t bytes = 0;
    const CorpusCaps caps{
        .files_max = 1000, .bytes_max = kInputsBytesMax * 4, .file_bytes_max = kInputBytesMax};
    for (const std::filesystem::path& root : run.request().goodware) {
        const Result<Goodware> tree = list_goodware(root, caps, run.request().seed);
        if (!tree) continue;
        for (const GoodwareFile& file : tree->files) {
            const bool fits = file.bytes >= kInputBytesMin && bytes + file.bytes <= kInputsBytesMax;
            if (!fits) continue;
            Result<Bytes> read = run.tools().files.read(file.path, kInputBytesMax);
            if (!read) continue;
            bytes += read->size();
            inputs.push_back({file.name, *std::move(read)});
        }
    }
    if (bytes >= kInputsBytesMin) return inputs;
    constexpr std::uint64_t kSynthetic = 16;
    for (std::uint64_t index = 0; index < kSynthetic; ++index) {
        inputs.push_back({"synthetic-" + std::to_string(index), synthetic(index)});
    }
    return inputs;
}

/// One content in one build, on the clock.
class Contender {
public:
    Contender(Run& run, const Build& build, std::size_t inputs)
        : executor_(run.program_for(build.file), run.profile().sandbox, run.tools().clock),
          build_(build),
          best_(inputs, microseconds::max()) {}

    Verdict load(Run& run, const ContentImage& content) {
        const OpenRun opened = executor_.open(build_.file, content);
        run.record(executor_.confinement());
        if (!passes(opened.verdict)) return opened.verdict;
        return executor_.load({.memory_bytes_max = run.profile().sandbox.memory_bytes_max}).verdict;
    }

    Verdict scan(std::size_t index, const Input& input) {
        const EvaluateRun scan = executor_.evaluate(input.name, input.bytes);
        best_[index] = std::min(best_[index], scan.verdict.cpu);
        return scan.verdict;
    }

    /// The sum of the best time of each input: what is left when the noise is gone.
    microseconds time() const {
        microseconds sum{};
        for (const microseconds best : best_) sum += best;
        return sum;
    }

    std::uint64_t memory_peak_bytes() const { return executor_.memory_peak_bytes(); }

private:
    Executor executor_;
    const Build& build_;
    std::vector<microseconds> best_;
};

std::string decimal(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(2) << value;
    return text.str();
}

void judge_load(Run& run, const Build& build, const Verdict& load) {
    const CostCaps& caps = run.profile().cost;
    if (load.cpu > caps.load_cpu_max) {
        run.add({.id = "FB901",
                 .message = build.label() + " takes more than the " +
                            std::to_string(caps.load_cpu_max.count()) +
                            " ms of CPU time allowed to load the content",
                 .build = build.label(),
                 .measured = std::to_string(load.cpu.count() / 1000) + " ms"});
    }
}

void judge_memory(Run& run, const Build& build, std::uint64_t bytes) {
    const CostCaps& caps = run.profile().cost;
    if (bytes <= caps.memory_bytes_max) return;
    run.add({.id = "FB902",
             .message = build.label() + " takes more than the " +
                        std::to_string(caps.memory_bytes_max >> 20U) +
                        " MiB allowed with the content",
             .build = build.label(),
             .measured = std::to_string(bytes >> 20U) + " MiB"});
}

/// Files are measured by their size; events, which are small, by their number.
void judge_rate(Run& run, const Build& build, const std::vector<Input>& inputs, microseconds now) {
    const bool events = takes_events(run.bundle->manifest.content_type);
    std::uint64_t bytes = 0;
    for (const Input& input : inputs) bytes += input.bytes.size();
    const double amount =
        events ? static_cast<double>(inputs.size()) : static_cast<double>(bytes) / (1U << 20U);
    const double rate = amount * 1e6 / static_cast<double>(std::max<long>(now.count(), 1));
    const double floor = events ? kEventsPerSecondMin : run.profile().cost.mebibytes_per_second_min;
    const std::string unit = events ? " events" : " MiB";
    run.measured.push_back(build.label() + " scans " + decimal(rate) + unit +
                           " per second of CPU time");
    if (rate >= floor) return;
    run.add({.id = "FB903",
             .message = build.label() + " scans less than the floor of " + decimal(floor) + unit +
                        " per second with the content",
             .build = build.label(),
             .measured = decimal(rate) + unit + " per second of CPU time"});
}

void judge_change(Run& run, const Build& build, microseconds now,
                  std::optional<microseconds> before) {
    if (!before) return;
    if (*before < kComparableMin) {
        run.measured.push_back(build.label() + " is too fast to compare with the last release");
        return;
    }
    const double ratio = static_cast<double>(now.count()) / static_cast<double>(before->count());
    if (ratio <= kSlower) return;
    run.add({.id = ratio > kMuchSlower ? "FB905" : "FB904",
             .message = build.label() + " takes more than " +
                        decimal(ratio > kMuchSlower ? kMuchSlower : kSlower) +
                        " times as long to scan as with the last release",
             .build = build.label(),
             .measured = decimal(ratio) + " times as long"});
}

/// @returns false when the stage cannot go on for this build; what is wrong is in `result`.
bool passes_or_report(Run& run, const Build& build, const Verdict& verdict,
                      const std::string& doing, StageResult& result) {
    if (passes(verdict)) return true;
    if (verdict.outcome == Outcome::kNotRun) {
        result.complete = false;
        result.reason = build.label() + ": " + describe(verdict);
        return false;
    }
    run.add({.id = std::string(scan_fault_id(verdict.outcome)),
             .message = build.label() + " " + describe(verdict) + " on " + doing,
             .build = build.label(),
             .evidence = verdict.message,
             .measured = verdict.measured});
    return false;
}

struct Contest {
    const std::vector<Input>& inputs;
    const ContentImage& now;
    const ContentImage* before;  ///< nullptr: no last release.
};

void measure(Run& run, const Build& build, const Contest& contest, StageDeadline deadline,
             StageResult& result) {
    Contender now(run, build, contest.inputs.size());
    const Verdict load = now.load(run, contest.now);
    if (!passes_or_report(run, build, load, "loading the content", result)) return;
    ++result.executions;
    judge_load(run, build, load);

    Contender before(run, build, contest.inputs.size());
    if (contest.before != nullptr) {
        const Verdict old_load = before.load(run, *contest.before);
        if (!passes(old_load)) {
            result.complete = false;
            result.reason =
                build.label() + ": the last release does not load: " + describe(old_load);
            return;
        }
    }
    for (std::size_t round = 0; round < kRounds; ++round) {
        for (std::size_t index = 0; index < contest.inputs.size(); ++index) {
            if (run.tools().clock.steady() > deadline) {
                result.complete = false;
                result.reason = build.label() + ": out of time";
                return;
            }
            run.tools().progress.show("budget in " + build.label(),
                                      round * contest.inputs.size() + index,
                                      kRounds * contest.inputs.size(), "scans");
            const Input& input = contest.inputs[index];
            // One after the other on each input, so that a busy machine slows both.
            const Verdict scan = now.scan(index, input);
            if (!passes_or_report(run, build, scan, input.name, result)) return;
            ++result.executions;
            if (contest.before != nullptr && !passes(before.scan(index, input))) {
                result.complete = false;
                result.reason = build.label() + ": the last release fails on " + input.name;
                return;
            }
        }
    }
    judge_memory(run, build, now.memory_peak_bytes());
    judge_rate(run, build, contest.inputs, now.time());
    judge_change(run, build, now.time(),
                 contest.before != nullptr ? std::optional(before.time()) : std::nullopt);
}

}  // namespace

StageResult check_budget(Run& run, StageDeadline deadline) {
    StageResult result;
    const Result<ContentImage> now = ContentImage::make(run.content_views());
    if (!now) return {.complete = false, .reason = now.error().to_string()};
    std::optional<ContentImage> before;
    if (run.previous) {
        std::vector<FileView> views;
        for (const content::ContentFile& file : run.previous->files) {
            views.push_back({file.name, file.bytes});
        }
        Result<ContentImage> image = ContentImage::make(views);
        if (!image) return {.complete = false, .reason = image.error().to_string()};
        before.emplace(*std::move(image));
    }
    const std::vector<Input> inputs = inputs_of(run);
    for (const Build& build : run.builds) {
        measure(run, build, {inputs, *now, before ? &*before : nullptr}, deadline, result);
    }
    return result;
}

}  // namespace firebreak::validator
