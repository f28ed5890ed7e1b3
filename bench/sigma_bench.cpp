// What the Sigma engine costs, over SigmaHQ's rules: FIREBREAK_CORPORA names the folder that has
// them (sigma/, sigma-events/); without it there is nothing to measure.

#include <benchmark/benchmark.h>

#include "bench/sigma_load.hpp"
#include "sensor/sigma/run/content.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::sigma;
using namespace firebreak::bench;

int32_t count_match(void* user, const fb_match*) {
    ++*static_cast<std::uint64_t*>(user);
    return 0;
}

std::unique_ptr<Content> load(const std::vector<Bytes>& files) {
    std::vector<fb_file> given;
    for (const Bytes& bytes : files) given.push_back({{"rules", 5}, {bytes.data(), bytes.size()}});
    fb_load_request request{};
    request.struct_size = sizeof request;
    request.files = given.data();
    request.file_count = given.size();
    request.rules_max = 100'000;
    fb_status status = FB_OK;
    return Content::load(request, status);
}

void compile_all(benchmark::State& state) {
    if (corpus().sources.empty()) state.SkipWithError("FIREBREAK_CORPORA is not set");
    for (auto _ : state) benchmark::DoNotOptimize(compile(corpus().sources));
    state.counters["rules"] = static_cast<double>(compiled().rules_compiled);
}
BENCHMARK(compile_all)->Unit(benchmark::kMillisecond)->Iterations(2);

void load_all(benchmark::State& state) {
    std::vector<Bytes> files;
    std::size_t bytes = 0;
    for (const Program& program : compiled().programs) {
        Result<Bytes> written = write_program(program);
        if (!written) return state.SkipWithError(written.error().to_string().c_str());
        bytes += written->size();
        files.push_back(std::move(*written));
    }
    std::unique_ptr<Content> content;
    for (auto _ : state) content = load(files);
    if (!content) return state.SkipWithError("not loaded");
    state.counters["rules"] = static_cast<double>(content->rule_count());
    state.counters["file_bytes_per_rule"] =
        static_cast<double>(bytes) / static_cast<double>(content->rule_count());
    state.counters["memory_MiB_max"] = static_cast<double>(content->memory_bytes()) / (1U << 20U);
    state.counters["run_on_every_event"] = static_cast<double>(content->always_count());
}
BENCHMARK(load_all)->Unit(benchmark::kMillisecond)->Iterations(5);

/// Evaluates events one after the other, with `count` rules about processes loaded.
void evaluate(benchmark::State& state, std::size_t count, const Events& events) {
    const Result<Bytes> written = write_program(process_rules(count));
    if (!written) return state.SkipWithError(written.error().to_string().c_str());
    const std::unique_ptr<Content> content = load({*written});
    if (!content) return state.SkipWithError("not loaded");
    if (events.all().empty()) return state.SkipWithError("no events");
    const fb_budget budget = {sizeof budget, 1000, 100'000};
    std::uint64_t matches = 0;
    const fb_match_sink sink = {sizeof sink, 0, &matches, &count_match};
    std::size_t next = 0;
    for (auto _ : state) {
        const std::vector<fb_field>& fields = events.all()[next++ % events.all().size()];
        const fb_event_input input = {
            {kProcesses.data(), kProcesses.size()}, fields.data(), fields.size()};
        if (content->evaluate(input, budget, sink) != FB_OK) state.SkipWithError("no answer");
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["matches_per_event"] =
        static_cast<double>(matches) / static_cast<double>(state.iterations());
    state.counters["bytes_per_event"] =
        static_cast<double>(events.bytes()) / static_cast<double>(events.all().size());
    state.counters["run_on_every_event"] = static_cast<double>(content->always_count());
    state.counters["memory_bytes_per_rule"] =
        static_cast<double>(content->memory_bytes()) / static_cast<double>(count);
}

/// Events a second of machines at rest and at work, with so many rules about processes loaded.
void process_events(benchmark::State& state) {
    evaluate(state, static_cast<std::size_t>(state.range(0)), Events::of_working_machines());
}
BENCHMARK(process_events)->Arg(100)->Arg(300)->Arg(1000)->Arg(1200)->Arg(3000);

/// The same of recorded attacks: each is there because a rule matches it.
void attack_events(benchmark::State& state) {
    evaluate(state, static_cast<std::size_t>(state.range(0)), Events::of_attacks());
}
BENCHMARK(attack_events)->Arg(1200);

}  // namespace
