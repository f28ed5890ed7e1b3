// simulation-seed: one world, or many: for replaying what the test found, and for nights.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/simulation/world.hpp"

int main(int argc, char** argv) {
    using namespace firebreak::simulation;
    WorldOptions options;
    std::uint64_t count = 1;
    int planted = 0;
    CLI::App app("Runs simulated worlds.");
    app.add_option("--seed", options.seed, "The first world");
    app.add_option("--count", count, "How many, from there on");
    app.add_flag("--trace", options.trace, "Print what happens");
    app.add_option("--plant", planted, "A planted bug, by number");
    app.add_flag("--look-at-all", options.looks_at_all, "At every invariant after each event");
    app.add_option("--only", options.only, "One invariant alone");
    CLI11_PARSE(app, argc, argv);
    options.planted = static_cast<Planted>(planted);

    Outcome sum;
    int broken = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const Outcome outcome = run_world(options);
        std::fputs(outcome.trace.c_str(), stdout);
        if (outcome.broken) {
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(options.seed),
                        outcome.broken->c_str());
            std::fflush(stdout);
            ++broken;
        }
        sum.events += outcome.events;
        sum.lasted += outcome.lasted;
        sum.releases += outcome.releases;
        sum.halts += outcome.halts;
        sum.harmed += outcome.harmed;
        ++options.seed;
    }
    std::printf(
        "%llu worlds, %d broken, %llu events, %lld virtual hours, %lld releases, "
        "%lld halted, %lld harmed\n",
        static_cast<unsigned long long>(count), broken, static_cast<unsigned long long>(sum.events),
        static_cast<long long>(sum.lasted.count() / 3'600'000),
        static_cast<long long>(sum.releases), static_cast<long long>(sum.halts),
        static_cast<long long>(sum.harmed));
    return broken == 0 ? 0 : 1;
}
