// Evaluations a second of one engine and one content: in this process, in the sandboxed persistent
// worker (one exchange for each, and in batches as the fuzz stage makes them), and in a process
// forked for each. Interleaved rounds; the ratios are what is asked for. Seconds are CPU time of
// this process and its children: by the clock, others on the machine would be measured too.
//
//     sandbox_bench ENGINE RULES [INPUT_BYTES] [SECONDS]
//
// RULES is a file or a folder. Goals: batches at least 0.5 of in-process with one small rule, 0.9
// with a large rule set, and at least 10 times a fork for each.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/base/file_store.hpp"
#include "core/base/random.hpp"
#include "validator/sandbox/executor.hpp"
#include "validator/sandbox/worker.hpp"

namespace {

namespace fs = std::filesystem;
using namespace firebreak;

constexpr std::size_t kInputs = 64;
constexpr int kRounds = 5;
constexpr std::chrono::seconds kDeadline{10};
constexpr validator::Patience kPatience{.cpu = kDeadline, .wall = 6 * kDeadline};

[[noreturn]] void stop(const std::string& why) {
    (void)std::fprintf(stderr, "sandbox_bench: %s\n", why.c_str());
    std::exit(1);
}

struct Content {
    std::vector<std::pair<std::string, Bytes>> files;

    explicit Content(const fs::path& path) {
        std::vector<fs::path> paths;
        if (fs::is_directory(path)) {
            for (const auto& entry : fs::recursive_directory_iterator(path)) {
                const bool rules =
                    entry.path().extension() == ".yar" || entry.path().extension() == ".yara";
                if (entry.is_regular_file() && rules) paths.push_back(entry.path());
            }
        } else {
            paths.push_back(path);
        }
        std::sort(paths.begin(), paths.end());
        for (const fs::path& each : paths) {
            files.emplace_back(each.string(), *PosixFileStore().read(each, 64U << 20U));
        }
    }
};

double seconds(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Of this process and its children, those that ended too.
double cpu_seconds() {
    rusage ended{};
    ::getrusage(RUSAGE_CHILDREN, &ended);
    double all =
        seconds(CLOCK_PROCESS_CPUTIME_ID) + seconds(ended.ru_utime) + seconds(ended.ru_stime);
    const std::string self = std::to_string(::getpid());
    std::ifstream children("/proc/" + self + "/task/" + self + "/children");
    for (pid_t child = 0; children >> child;) {
        clockid_t clock{};
        if (::clock_getcpuclockid(child, &clock) == 0) all += seconds(clock);
    }
    return all;
}

/// How often `step` (which makes `count` evaluations) runs in a second.
double rate(double time, std::size_t count, const std::function<void()>& step) {
    const double started = cpu_seconds();
    std::size_t evaluations = 0;
    double took = 0;
    do {
        step();
        evaluations += count;
        took = cpu_seconds() - started;
    } while (took < time);
    return static_cast<double>(evaluations) / took;
}

void fork_once(sensor::LoadedContent& content, ByteView input) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(content.evaluate("x", input, kDeadline) ? 0 : 1);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) < 0 || status != 0) stop("fork per run");
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], validator::kWorkerCommand) == 0) {
        return validator::run_worker();
    }
    if (argc < 3) stop("usage: sandbox_bench ENGINE RULES [INPUT_BYTES] [SECONDS]");
    const std::size_t bytes = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 4096;
    const double time = argc > 4 ? std::strtod(argv[4], nullptr) : 0.5;
    if (bytes > validator::BatchArea::kSlotBytes) stop("INPUT_BYTES: at most 65536");

    const Content content(argv[2]);
    std::vector<sensor::SourceFile> sources;
    std::vector<validator::FileView> views;
    for (const auto& [name, text] : content.files) {
        sources.push_back({name, text});
        views.push_back({name, text});
    }
    SeededRandom random(1);
    std::vector<Bytes> inputs;
    for (std::size_t index = 0; index < kInputs; ++index) inputs.push_back(random.bytes(bytes));

    const auto engine = sensor::Engine::open(argv[1], nullptr);
    if (!engine) stop(engine.error().to_string());
    std::vector<sensor::Diagnostic> diagnostics;
    const auto loaded = (*engine)->load(sources, {}, diagnostics);
    if (!loaded) stop(loaded.error().to_string());

    const auto program = validator::WorkerProgram::self();
    const auto image = validator::ContentImage::make(views);
    if (!program || !image) stop("no worker");
    const validator::SandboxPolicy policy;
    const SystemClock clock;
    validator::Executor executor(*program, policy, clock);
    const validator::EngineFile file{argv[1], (*engine)->build()};
    if (!passes(executor.open(file, *image).verdict) || !passes(executor.load({}).verdict)) {
        stop("the worker does not load it");
    }
    const std::vector<std::size_t> lengths(kInputs, bytes);

    const std::array<std::function<void()>, 4> ways{
        [&] {
            for (const Bytes& input : inputs) {
                if (!(*loaded)->evaluate("x", input, kDeadline)) stop("in-process");
            }
        },
        [&] {
            for (std::size_t index = 0; index < kInputs; ++index) {
                std::ranges::copy(inputs[index], executor.batch_input(index, bytes).begin());
            }
            if (executor.evaluate_batch("x", lengths, kPatience).runs.size() != kInputs) {
                stop("batch");
            }
        },
        [&] {
            for (const Bytes& input : inputs) {
                if (!passes(executor.evaluate("x", input).verdict)) stop("single");
            }
        },
        [&] { fork_once(**loaded, inputs.front()); }};
    constexpr std::array kNames{"in-process", "sandboxed, batches", "sandboxed, one by one",
                                "fork for each"};
    std::array<std::vector<double>, 4> rates;
    for (int round = 0; round < kRounds; ++round) {
        for (std::size_t way = 0; way < ways.size(); ++way) {
            rates.at(way).push_back(rate(time, way == 3 ? 1 : kInputs, ways.at(way)));
        }
    }
    for (std::size_t way = 0; way < ways.size(); ++way) {
        (void)std::printf("%-22s %10.0f/s\n", kNames.at(way), median(rates.at(way)));
    }
    const double batch = median(rates[1]);
    (void)std::printf("batches / in-process   %10.2f\nbatches / fork for each %9.1f\n",
                      batch / median(rates[0]), batch / median(rates[3]));
    return 0;
}
