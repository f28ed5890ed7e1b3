// The yara engine on one thread, with the same rules over the same files, in CPU time:
// - against libyara in a plain loop, in this process: they take turns of some files each, so that a
//   busy machine is as slow to both;
// - against the `yara` command (Debian: package yara), in interleaved pairs: its run over an empty
//   folder, which compiles the rules, is taken off.
//
//     yara_bench ENGINE RULES_FOLDER FILES_FOLDER [PAIRS]

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"

// Last: its macros have names that others use.
#include <yara.h>

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

/// As the command takes them without -r; none that is empty.
std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const bool file = entry.is_regular_file() && !entry.is_symlink();
        if (file && entry.file_size() != 0) found.push_back(entry.path());
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

/// A file, mapped and read.
class Mapped {
public:
    explicit Mapped(const fs::path& file) {
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat facts {};
        if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) stop(file.string());
        length_ = static_cast<std::size_t>(facts.st_size);
        if (length_ != 0) {
            bytes_ = ::mmap(nullptr, length_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
        }
        ::close(descriptor);
        if (bytes_ == MAP_FAILED) stop(file.string());
    }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    ~Mapped() {
        if (bytes_ != nullptr) ::munmap(bytes_, length_);
    }

    ByteView bytes() const { return {static_cast<const std::uint8_t*>(bytes_), length_}; }

private:
    void* bytes_ = nullptr;
    std::size_t length_ = 0;
};

/// libyara as its manual uses it, with the engine's flags.
class PlainYara {
public:
    explicit PlainYara(const std::vector<std::pair<std::string, Bytes>>& sources) {
        YR_COMPILER* compiler = nullptr;
        if (::yr_initialize() != ERROR_SUCCESS ||
            ::yr_compiler_create(&compiler) != ERROR_SUCCESS) {
            stop("libyara does not start");
        }
        for (const auto& [name, bytes] : sources) {
            if (::yr_compiler_add_string(compiler, to_text(bytes).c_str(), name.c_str()) != 0) {
                stop(name + " does not compile");
            }
        }
        if (::yr_compiler_get_rules(compiler, &rules_) != ERROR_SUCCESS) stop("no rules");
        ::yr_compiler_destroy(compiler);
        if (::yr_scanner_create(rules_, &scanner_) != ERROR_SUCCESS) stop("no scanner");
        ::yr_scanner_set_callback(scanner_, &count, &matches_);
        ::yr_scanner_set_flags(scanner_, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH);
    }
    PlainYara(const PlainYara&) = delete;
    PlainYara& operator=(const PlainYara&) = delete;
    ~PlainYara() {
        ::yr_scanner_destroy(scanner_);
        ::yr_rules_destroy(rules_);
        (void)::yr_finalize();
    }

    /// CPU time of a scan.
    double seconds(ByteView bytes) {
        const double before = own_cpu_seconds();
        if (::yr_scanner_scan_mem(scanner_, bytes.data(), bytes.size()) != ERROR_SUCCESS) {
            stop("libyara does not scan");
        }
        return own_cpu_seconds() - before;
    }
    std::size_t matches() const { return matches_; }

private:
    static int count(YR_SCAN_CONTEXT*, int message, void*, void* matches) {
        if (message == CALLBACK_MSG_RULE_MATCHING) ++*static_cast<std::size_t*>(matches);
        return CALLBACK_CONTINUE;
    }

    YR_RULES* rules_ = nullptr;
    YR_SCANNER* scanner_ = nullptr;
    std::size_t matches_ = 0;
};

/// CPU time of the engine over a file, and how many rules matched.
double engine_seconds(sensor::LoadedContent& content, const std::string& name, ByteView bytes,
                      std::size_t& matches) {
    const double before = own_cpu_seconds();
    const auto found = content.evaluate(name, bytes, std::chrono::minutes(1));
    if (!found) stop(name + ": " + found.error().to_string());
    matches += found->size();
    return own_cpu_seconds() - before;
}

/// The same over `files`, with all that it takes to map them.
double engine_seconds(sensor::LoadedContent& content, const std::vector<fs::path>& files,
                      std::size_t& matches) {
    const double before = own_cpu_seconds();
    for (const fs::path& file : files) {
        (void)engine_seconds(content, file.string(), Mapped(file).bytes(), matches);
    }
    return own_cpu_seconds() - before;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Engine and library over every file, in turns. @returns the ratio of their times.
double ratio_to_library(sensor::LoadedContent& content, PlainYara& plain,
                        const std::vector<fs::path>& files) {
    /// Long enough that each has its tables in the caches again.
    constexpr std::size_t kFilesPerTurn = 40;
    double ours = 0;
    double theirs = 0;
    std::size_t matches = 0;
    const std::size_t plain_before = plain.matches();
    for (std::size_t begin = 0; begin < files.size(); begin += kFilesPerTurn) {
        const std::size_t end = std::min(begin + kFilesPerTurn, files.size());
        std::deque<Mapped> mapped;
        for (std::size_t i = begin; i < end; ++i) mapped.emplace_back(files[i]);
        // The second finds the files in the caches: it is the other one every other time.
        const bool ours_first = begin / kFilesPerTurn % 2 == 0;
        for (const bool ours_now : {ours_first, !ours_first}) {
            for (const Mapped& file : mapped) {
                if (ours_now) {
                    ours += engine_seconds(content, "file", file.bytes(), matches);
                } else {
                    theirs += plain.seconds(file.bytes());
                }
            }
        }
    }
    if (matches != plain.matches() - plain_before) stop("engine and libyara do not agree");
    std::printf("libyara in turns: engine %.2f s, libyara %.2f s, ratio %.3f (%zu matches)\n", ours,
                theirs, ours / theirs, matches);
    return ours / theirs;
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

    PlainYara plain(sources);
    std::vector<double> to_library;
    for (int round = 0; round < pairs; ++round) {
        to_library.push_back(ratio_to_library(**content, plain, files));
    }
    std::vector<double> to_command;
    for (int pair = 0; pair < pairs; ++pair) {
        std::size_t matches = 0;
        const double ours = engine_seconds(**content, files, matches);
        const double theirs = command_seconds(rules, argv[3]) - command_seconds(rules, nothing);
        to_command.push_back(ours / theirs);
        std::printf("yara command, pair %d: engine %.2f s, yara %.2f s, ratio %.3f\n", pair + 1,
                    ours, theirs, to_command.back());
    }
    fs::remove(nothing);
    std::printf("median ratio to libyara %.3f, to the command %.3f; %zu files, %llu rules\n",
                median(to_library), median(to_command), files.size(),
                static_cast<unsigned long long>((*content)->rule_count()));
    return 0;
}
