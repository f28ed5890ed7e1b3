// The yara engine against the `yara` command (Debian: package yara), on one thread: how long each
// takes to scan the same files with the same rules. Interleaved pairs, CPU time of the scan alone:
// the command's run over an empty folder, which compiles the rules, is taken off.
//
//     yara_bench ENGINE RULES_FOLDER FILES_FOLDER [PAIRS]

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"

namespace {

namespace fs = std::filesystem;
using namespace firebreak;

[[noreturn]] void stop(const std::string& why) {
    (void)std::fprintf(stderr, "yara_bench: %s\n", why.c_str());
    std::exit(1);
}

std::vector<fs::path> rules_in(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const bool rules =
            entry.path().extension() == ".yar" || entry.path().extension() == ".yara";
        if (entry.is_regular_file() && rules) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// As the command takes them without -r.
std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && !entry.is_symlink()) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

double own_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// CPU time of `yara` over `target`.
double command_seconds(const std::vector<fs::path>& rules, const fs::path& target) {
    std::vector<std::string> words{"yara", "-p", "1", "-w", "-N"};
    // A namespace of its own for each file, as the engine has it.
    for (std::size_t i = 0; i < rules.size(); ++i) {
        words.push_back("n" + std::to_string(i) + ":" + rules[i].string());
    }
    words.push_back(target.string());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t id = -1;
    const int failed = ::posix_spawnp(&id, "yara", &actions, nullptr, arguments.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) stop("cannot run yara: apt-get install yara");
    int status = 0;
    rusage usage{};
    ::wait4(id, &status, 0, &usage);
    if (status != 0) stop("yara failed");
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU time of the engine over `files`, and how many rules matched.
double engine_seconds(sensor::LoadedContent& content, const std::vector<fs::path>& files,
                      std::size_t& matches) {
    const double before = own_cpu_seconds();
    for (const fs::path& file : files) {
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat facts {};
        if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) stop(file.string());
        const auto length = static_cast<std::size_t>(facts.st_size);
        void* bytes =
            length == 0 ? nullptr : ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
        ::close(descriptor);
        if (bytes == MAP_FAILED) stop(file.string());
        const auto found =
            content.evaluate(file.string(), {static_cast<const std::uint8_t*>(bytes), length},
                             std::chrono::minutes(1));
        if (!found) stop(file.string() + ": " + found.error().to_string());
        matches += found->size();
        if (bytes != nullptr) ::munmap(bytes, length);
    }
    return own_cpu_seconds() - before;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) stop("usage: yara_bench ENGINE RULES_FOLDER FILES_FOLDER [PAIRS]");
    const int pairs = argc > 4 ? std::max(1, std::atoi(argv[4])) : 5;
    const std::vector<fs::path> rules = rules_in(argv[2]);
    const std::vector<fs::path> files = files_in(argv[3]);
    const auto engine = sensor::Engine::open(argv[1], nullptr);
    if (!engine) stop(engine.error().to_string());
    std::vector<std::pair<std::string, Bytes>> sources;
    for (const fs::path& rule : rules) {
        sources.emplace_back(rule.string(), *PosixFileStore().read(rule, 64U << 20U));
    }
    std::vector<sensor::SourceFile> views;
    for (const auto& [name, bytes] : sources) views.push_back({name, bytes});
    std::vector<sensor::Diagnostic> diagnostics;
    const auto content = (*engine)->load(views, {}, diagnostics);
    if (!content) stop(content.error().to_string());
    std::string nothing = (fs::temp_directory_path() / "yara-bench-XXXXXX").string();
    if (::mkdtemp(nothing.data()) == nullptr) stop("no temporary folder");

    std::vector<double> ratios;
    for (int pair = 0; pair < pairs; ++pair) {
        std::size_t matches = 0;
        const double ours = engine_seconds(**content, files, matches);
        const double theirs = command_seconds(rules, argv[3]) - command_seconds(rules, nothing);
        ratios.push_back(ours / theirs);
        std::printf("pair %d: engine %.2f s, yara %.2f s, ratio %.3f (%zu matches)\n", pair + 1,
                    ours, theirs, ratios.back(), matches);
    }
    fs::remove(nothing);
    std::sort(ratios.begin(), ratios.end());
    std::printf("median ratio %.3f over %zu files with %llu rules\n", ratios[ratios.size() / 2],
                files.size(), static_cast<unsigned long long>((*content)->rule_count()));
    return 0;
}
