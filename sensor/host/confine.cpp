#include "sensor/host/confine.hpp"

#include <dirent.h>
#include <seccomp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/base/errc.hpp"
#include "sensor/host/landlock.hpp"

namespace firebreak::sensor {
namespace {

tl::unexpected<Error> fail_errno(int number, std::string doing) {
    return fail({number, std::generic_category()}, std::move(doing));
}

/// Takes away everything but `exceptions`.
Result<int> landlock(const std::vector<LandlockExcept>& exceptions, LandlockSignals signals) {
    const Result<LandlockRules> rules = LandlockRules::make(exceptions, signals);
    if (!rules) return fail(rules.error());
    if (const int failed = rules->enforce(); failed != 0) return fail_errno(failed, "landlock");
    return rules->abi();
}

/// What pure computation in C and C++ needs, whatever its arguments. rt_sigaction is here because
/// libyara guards its scans with handlers of its own.
constexpr std::array kComputing{
    "brk",           "clock_getres",
    "clock_gettime", "close",
    "exit",          "exit_group",
    "fstat",         "futex",
    "getpid",        "getppid",
    "getrandom",     "getrusage",
    "gettid",        "gettimeofday",
    "madvise",       "mremap",
    "munmap",        "restart_syscall",
    "rt_sigaction",  "rt_sigprocmask",
    "rt_sigreturn",  "sched_getaffinity",
    "sched_yield",   "sigaltstack",
    "sysinfo",       "time",
};

/// Calls that name a file: what refuse_files_quietly answers with EACCES.
constexpr std::array kNamingFiles{"access", "faccessat", "faccessat2", "newfstatat", "open",
                                  "openat", "readlink",  "readlinkat", "stat",       "statx"};

/// Past every number of every architecture so far; what lies above is killed all the same.
constexpr int kSystemCallsMax = 512;

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

class RuleWriter {
public:
    explicit RuleWriter(scmp_filter_ctx filter) : filter_(filter) {}

    void add(std::uint32_t action, const char* name, std::vector<scmp_arg_cmp> conditions = {}) {
        const int number = ::seccomp_syscall_resolve_name(name);
        if (number < 0) return;  // This architecture has no such call, so nobody can make it.
        named_.insert(number);
        const int code = ::seccomp_rule_add_array(
            filter_, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
        if (code != 0 && error_ == 0) error_ = -code;
    }

    /// Gives `action` to every call that no rule names. (A call that a rule allows under a
    /// condition keeps the default for every other use.)
    void add_for_the_rest(std::uint32_t action) {
        for (int number = 0; number < kSystemCallsMax; ++number) {
            if (named_.contains(number)) continue;
            const int code = ::seccomp_rule_add_array(filter_, action, number, 0, nullptr);
            if (code != 0 && error_ == 0) error_ = -code;
        }
    }

    int error() const { return error_; }

private:
    scmp_filter_ctx filter_;
    std::set<int> named_;
    int error_ = 0;
};

scmp_arg_cmp argument_is(unsigned index, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

scmp_arg_cmp argument_has(unsigned index, std::uint64_t mask, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

/// What driving a program takes: waiting for it, and ending it.
void add_program_calls(RuleWriter& rules, const ProgramHandles& program) {
    for (const char* name : {"poll", "ppoll"}) rules.add(SCMP_ACT_ALLOW, name);
    const auto process = static_cast<std::uint64_t>(program.process);
    rules.add(SCMP_ACT_ALLOW, "pidfd_send_signal",
              {argument_is(0, process), argument_is(1, SIGKILL)});
    rules.add(SCMP_ACT_ALLOW, "waitid", {argument_is(0, P_PIDFD), argument_is(1, process)});
}

void add_conditional_calls(RuleWriter& rules, const SealOptions& options) {
    std::vector<int> channels = options.channels;
    if (options.program) {
        add_program_calls(rules, *options.program);
        channels.insert(channels.end(), {options.program->requests, options.program->answers,
                                         options.program->errors});
    }
    for (const int channel : channels) {
        for (const char* name : {"read", "write", "sendmsg", "recvmsg"}) {
            rules.add(SCMP_ACT_ALLOW, name, {argument_is(0, static_cast<std::uint64_t>(channel))});
        }
    }
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
        rules.add(SCMP_ACT_ALLOW, "write", {argument_is(0, static_cast<std::uint64_t>(standard))});
    }
    // Memory yes; no file behind it, and never executable.
    rules.add(SCMP_ACT_ALLOW, "mmap",
              {argument_has(2, PROT_EXEC, 0), argument_has(3, MAP_ANONYMOUS, MAP_ANONYMOUS)});
    rules.add(SCMP_ACT_ALLOW, "mprotect", {argument_has(2, PROT_EXEC, 0)});
    // Own limits can be asked for, not set.
    rules.add(SCMP_ACT_ALLOW, "prlimit64", {argument_is(0, 0), argument_is(2, 0)});
    // abort(), and no other signal to anybody.
    rules.add(SCMP_ACT_ALLOW, "tgkill",
              {argument_is(0, static_cast<std::uint64_t>(::getpid())), argument_is(2, SIGABRT)});
}

Result<int> install_filter(const SealOptions& options) {
    const Filter filter(::seccomp_init(SCMP_ACT_KILL_PROCESS), &::seccomp_release);
    if (!filter) return fail(Errc::kUnsupported, "seccomp: this kernel has no filter");
    RuleWriter rules(filter.get());
    for (const char* name : kComputing) rules.add(SCMP_ACT_ALLOW, name);
    add_conditional_calls(rules, options);
    if (options.refuse_files_quietly) {
        for (const char* name : kNamingFiles) rules.add(SCMP_ACT_ERRNO(EACCES), name);
    }
    const bool reports = options.on_violation == OnViolation::kReport && ::seccomp_api_get() >= 5;
    if (reports) rules.add_for_the_rest(SCMP_ACT_NOTIFY);
    if (rules.error() != 0) return fail_errno(rules.error(), "seccomp rule");

    int code = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    // A search tree: the list of reported calls is long, and allowed ones must not pay for it.
    if (code == 0) code = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (code == 0) code = ::seccomp_load(filter.get());
    if (code != 0) return fail_errno(-code, "seccomp_load");
    return reports ? ::seccomp_notify_fd(filter.get()) : -1;
}

bool has_one_thread() {
    const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), &::closedir);
    if (!tasks) return false;
    int threads = 0;
    while (const dirent* entry = ::readdir(tasks.get())) {
        if (std::string_view(entry->d_name).front() != '.') ++threads;
    }
    return threads == 1;
}

Result<void> set_limit(decltype(RLIMIT_AS) resource, std::uint64_t value, const char* name) {
    const rlimit limit{.rlim_cur = value, .rlim_max = value};
    if (::setrlimit(resource, &limit) != 0) return fail_errno(errno, name);
    return {};
}

}  // namespace

Result<void> limit_process(const ProcessLimits& limits) {
    struct Row {
        decltype(RLIMIT_AS) resource;
        std::uint64_t value;
        const char* name;
    };
    const std::array rows{
        Row{RLIMIT_CORE, 0, "RLIMIT_CORE"},
        Row{RLIMIT_CPU, limits.cpu_seconds, "RLIMIT_CPU"},
        Row{RLIMIT_STACK, limits.stack_bytes, "RLIMIT_STACK"},
        Row{RLIMIT_AS, limits.address_space_bytes, "RLIMIT_AS"},
    };
    for (const Row& row : rows) {
        if (row.resource == RLIMIT_AS && row.value == 0) continue;
        if (const auto set = set_limit(row.resource, row.value, row.name); !set) return set;
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no-new-privs");
    return {};
}

Result<int> close_file_system() {
    return landlock({{"/", kLandlockExecute | kLandlockReadFile | kLandlockReadFolder}},
                    LandlockSignals::kNone);
}

Result<Seal> seal_process(const SealOptions& options) {
    if (!has_one_thread()) {
        return fail(Errc::kUnsupported, "more than one thread runs; a filter would bind only one");
    }
    // Only now: until here the loader opens files, and a host may copy an engine into memory.
    for (const auto& [resource, value, name] : {std::tuple{RLIMIT_FSIZE, 0U, "RLIMIT_FSIZE"},
                                                std::tuple{RLIMIT_NPROC, 0U, "RLIMIT_NPROC"},
                                                std::tuple{RLIMIT_NOFILE, 16U, "RLIMIT_NOFILE"}}) {
        if (const auto set = set_limit(resource, value, name); !set) return fail(set.error());
    }
    const Result<int> abi =
        landlock({}, options.program ? LandlockSignals::kOthersToo : LandlockSignals::kNone);
    if (!abi) return fail(abi.error());
    // Last: it takes away the very calls that the lines above make.
    const Result<int> listener = install_filter(options);
    if (!listener) return fail(listener.error());
    return Seal{.landlock_abi = *abi, .listener = *listener};
}

std::string system_call_name(int number) {
    const std::unique_ptr<char, decltype(&::free)> name(
        ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &::free);
    return name ? std::string(name.get()) : "system call " + std::to_string(number);
}

}  // namespace firebreak::sensor
