// What an engine keeps between calls, contents and processes, and what it leaves behind.

#include <malloc.h>

#include <algorithm>

#include "core/base/digest.hpp"
#include "sensor/host/answers.hpp"
#include "validator/abi/bench.hpp"

namespace firebreak::validator {
namespace {

/// Rounds of load and unload, and what may stay for good: caches that grow once, not leaks.
constexpr int kWarmUpRounds = 5;
constexpr int kRounds = 40;
constexpr std::size_t kLeakBytesMax = std::size_t{kRounds} * 64;

std::vector<fb_input> all_inputs(CheckBench& bench) {
    std::vector<fb_input> inputs = bench.inputs();
    inputs.push_back(bench.sample());
    return inputs;
}

std::vector<RawEvaluation> answers(CheckBench& bench, fb_content* content) {
    std::vector<RawEvaluation> all;
    for (const fb_input& input : all_inputs(bench)) all.push_back(bench.evaluate(content, input));
    return all;
}

std::string transcript(const std::vector<RawEvaluation>& all) {
    std::string text;
    for (const RawEvaluation& one : all) {
        text += status_text(one.status) + "\n";
        for (const std::string& match : one.matches) text += match + "\n";
    }
    return text;
}

std::size_t memory_in_use() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// The first file alone, where there are several: content that is not the other.
std::vector<sensor::SourceFile> other_content(CheckBench& bench) {
    return {bench.material().files.front()};
}

}  // namespace

CheckResult check_reproducible(CheckBench& bench) {
    const RawLoad first = bench.load();
    const std::vector<RawEvaluation> once = answers(bench, first.content);
    if (answers(bench, first.content) != once) {
        return CheckResult::broken("the same inputs give other results the second time");
    }
    for (const fb_input& input : all_inputs(bench)) {
        if (bench.evaluate(first.content, input) != bench.evaluate(first.content, input)) {
            return CheckResult::broken("the same input gives other results right after itself");
        }
    }
    const std::optional<std::string> description = bench.text_of_description(first.content);
    bench.unload(first.content);
    const RawLoad again = bench.load();
    if (answers(bench, again.content) != once ||
        bench.text_of_description(again.content) != description) {
        return CheckResult::broken("the same content gives other results when loaded again");
    }
    CheckResult result = CheckResult::kept(bench.has_sample() ? "" : "without a matching input");
    const std::string all =
        transcript(once) + description.value_or("") + bench.text_of_info().value_or("");
    result.evidence = sha256(bytes_of(all)).hex();
    return result;
}

CheckResult check_independent(CheckBench& bench) {
    const RawLoad alone = bench.load();
    const std::vector<RawEvaluation> expected = answers(bench, alone.content);
    bench.unload(alone.content);
    const RawLoad other_alone = bench.load(other_content(bench));
    const std::vector<RawEvaluation> other_expected = answers(bench, other_alone.content);
    bench.unload(other_alone.content);

    const RawLoad first = bench.load();
    const RawLoad second = bench.load(other_content(bench));
    if (first.status != FB_OK || second.status != FB_OK) {
        return CheckResult::broken("does not hold two contents at once");
    }
    if (first.content == second.content) return CheckResult::broken("one handle for two contents");
    const std::vector<fb_input> inputs = all_inputs(bench);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (bench.evaluate(first.content, inputs[i]) != expected[i] ||
            bench.evaluate(second.content, inputs[i]) != other_expected[i]) {
            return CheckResult::broken("two contents in turn give other results than each alone");
        }
    }
    // A load that is refused touches nobody, and neither does an unload.
    const Bytes rubbish(512, 0x80);
    bench.load({{.name = "damaged", .bytes = rubbish}});
    bench.unload(first.content);
    if (answers(bench, second.content) != other_expected) {
        return CheckResult::broken("unloading one content changes what another one gives");
    }
    bench.unload(second.content);
    const bool several = bench.material().files.size() > 1;
    return CheckResult::kept(several ? "" : "two of the same: content of several files shows more");
}

CheckResult check_reset(CheckBench& bench) {
    const RawLoad load = bench.load();
    const std::vector<RawEvaluation> fresh = answers(bench, load.content);
    for (int i = 0; i < 2; ++i) {
        const fb_status status = bench.reset(load.content);
        if (status != FB_OK) return CheckResult::broken("reset(): " + status_text(status));
    }
    if (answers(bench, load.content) != fresh) {
        return CheckResult::broken("gives other results after a reset than before any input");
    }
    return CheckResult::kept();
}

CheckResult check_unload(CheckBench& bench) {
    const fb_status nothing = bench.unload(nullptr);
    if (nothing != FB_OK) return CheckResult::broken("unload(NULL): " + status_text(nothing));
    std::size_t before = 0;
    for (int round = 0; round < kWarmUpRounds + kRounds; ++round) {
        if (round == kWarmUpRounds) before = memory_in_use();
        const RawLoad load = bench.load();
        bench.evaluate(load.content, bench.sample());
        const fb_status status = bench.unload(load.content);
        if (load.status != FB_OK || status != FB_OK) {
            return CheckResult::broken("round " + std::to_string(round + 1) + ": load " +
                                       status_text(load.status) + ", unload " +
                                       status_text(status));
        }
    }
    const std::size_t after = memory_in_use();
    if (!bench.behind_pipe() && after > before + kLeakBytesMax) {
        return CheckResult::broken("keeps " + std::to_string((after - before) / kRounds) +
                                   " bytes of each content that it unloads");
    }
    return CheckResult::kept(std::to_string(kRounds) + " rounds");
}

CheckResult check_process(CheckBench& bench) {
    const CheckMaterial& material = bench.material();
    if (!material.descriptors_left.empty()) {
        return CheckResult::broken("leaves a descriptor open when it is opened: " +
                                   sensor::printable(*material.descriptors_left.begin(), 200));
    }
    const auto changed = [&](const char* when) -> std::optional<CheckResult> {
        const std::optional<std::string> what = material.before.first_change();
        if (!what) return std::nullopt;
        return CheckResult::broken("changes " + *what + " " + when);
    };
    if (const auto broken = changed("when it is opened")) return *broken;
    const RawLoad load = bench.load();
    if (const auto broken = changed("in load()")) return *broken;
    for (const fb_input& input : all_inputs(bench)) bench.evaluate(load.content, input);
    if (const auto broken = changed("in evaluate()")) return *broken;
    bench.text_of_description(load.content);
    bench.reset(load.content);
    bench.unload(load.content);
    if (const auto broken = changed("in describe(), reset() or unload()")) return *broken;
    return bench.behind_pipe() ? CheckResult::kept("it has a process of its own, and is confined")
                               : CheckResult::kept();
}

}  // namespace firebreak::validator
