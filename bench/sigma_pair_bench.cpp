// Builds of the Sigma engine side by side: CPU time for an event, in turns short enough that a busy
// machine is as slow to each. FIREBREAK_CORPORA names the folder with SigmaHQ's rules (sigma/).
//
//     sigma_pair_bench RULES ROUNDS ENGINE...

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bench/sigma_load.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::sigma;
using namespace firebreak::bench;

/// Events in a turn: some ten milliseconds.
constexpr std::size_t kEventsPerTurn = 2000;

[[noreturn]] void stop(const std::string& why) {
    (void)std::fprintf(stderr, "sigma_pair_bench: %s\n", why.c_str());
    std::exit(1);
}

double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

int32_t count_match(void* user, const fb_match*) {
    ++*static_cast<std::uint64_t*>(user);
    return 0;
}

/// One build, with the rules loaded.
struct Build {
    std::string path;
    const fb_engine* engine = nullptr;
    fb_content* content = nullptr;
    double load_ns = 0;
    std::uint64_t matches = 0;
    std::vector<double> event_ns{};
};

Build load(const std::string& path, const Bytes& rules) {
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) stop(::dlerror());
    using Entry = const fb_engine* (*)(uint32_t);
    const auto entry = reinterpret_cast<Entry>(::dlsym(library, "firebreak_sensor"));
    if (entry == nullptr) stop(path + " is no engine");
    Build build{.path = path, .engine = entry(FB_SENSOR_ABI_VERSION)};
    const fb_file file = {{"rules", 5}, {rules.data(), rules.size()}};
    fb_load_request request{};
    request.struct_size = sizeof request;
    request.files = &file;
    request.file_count = 1;
    request.rules_max = 100'000;
    fb_loaded loaded{};
    loaded.struct_size = sizeof loaded;
    const double before = cpu_ns();
    if (build.engine->load(&request, &loaded) != FB_OK) stop(path + " does not load the rules");
    build.load_ns = cpu_ns() - before;
    build.content = loaded.content;
    return build;
}

void take_turn(Build& build, const Events& events) {
    const fb_budget budget = {sizeof budget, 1000, 100'000};
    const fb_match_sink sink = {sizeof sink, 0, &build.matches, &count_match};
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    const double before = cpu_ns();
    for (std::size_t i = 0; i < kEventsPerTurn; ++i) {
        const std::vector<fb_field>& fields = events.all()[i % events.all().size()];
        input.as.event = {{kProcesses.data(), kProcesses.size()}, fields.data(), fields.size()};
        if (build.engine->evaluate(build.content, &input, &budget, &sink) != FB_OK) {
            stop(build.path + " gives no answer");
        }
    }
    build.event_ns.push_back((cpu_ns() - before) / kEventsPerTurn);
}

/// Of each build, and the median of its ratios to the first.
void compare(const std::string& what, std::vector<Build>& builds, const Events& events,
             std::size_t rounds) {
    for (Build& build : builds) {
        build.event_ns.clear();
        build.matches = 0;
    }
    for (std::size_t round = 0; round < rounds; ++round) {
        for (Build& build : builds) take_turn(build, events);
    }
    std::printf("%s\n", what.c_str());
    for (const Build& build : builds) {
        std::vector<double> ratios;
        for (std::size_t i = 0; i < rounds; ++i) {
            ratios.push_back(build.event_ns[i] / builds.front().event_ns[i]);
        }
        std::vector<double> sorted = build.event_ns;
        std::ranges::sort(sorted);
        std::ranges::sort(ratios);
        std::printf(
            "  %s: event best %.0f ns (%.1f k/s), median %.0f ns, ratio %.3f; load %.1f ms; "
            "%.2f matches an event\n",
            build.path.c_str(), sorted.front(), 1e6 / sorted.front(), sorted[rounds / 2],
            ratios[rounds / 2], build.load_ns / 1e6,
            static_cast<double>(build.matches) / static_cast<double>(rounds * kEventsPerTurn));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) stop("usage: sigma_pair_bench RULES ROUNDS ENGINE...");
    const auto rules = static_cast<std::size_t>(std::max(1, std::atoi(argv[1])));
    const auto rounds = static_cast<std::size_t>(std::max(1, std::atoi(argv[2])));
    if (corpus().sources.empty()) stop("FIREBREAK_CORPORA is not set");
    const Result<Bytes> written = write_program(process_rules(rules));
    if (!written) stop(written.error().to_string());
    std::vector<Build> builds;
    for (int i = 3; i < argc; ++i) builds.push_back(load(argv[i], *written));
    compare("working machines", builds, Events::of_working_machines(), rounds);
    compare("attacks", builds, Events::of_attacks(), rounds);
    for (const Build& build : builds) (void)build.engine->unload(build.content);
    return 0;
}
