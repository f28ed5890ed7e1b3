#include "sensor/host/program_cell.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <linux/filter.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

/// Where installed software lies, and what its loader and runtime look at.
const std::vector<LandlockExcept>& readable() {
    constexpr std::uint64_t kSoftware = kLandlockExecute | kLandlockReadFile | kLandlockReadFolder;
    static const std::vector<LandlockExcept> places{
        {"/usr", kSoftware},
        {"/lib", kSoftware},
        {"/lib32", kSoftware},
        {"/lib64", kSoftware},
        {"/bin", kSoftware},
        {"/opt", kSoftware},
        {"/etc/ld.so.cache", kLandlockReadFile},
        {"/dev/null", kLandlockReadFile},
        {"/dev/zero", kLandlockReadFile},
        {"/dev/random", kLandlockReadFile},
        {"/dev/urandom", kLandlockReadFile},
    };
    return places;
}

/// What computing, memory, threads, reading and waiting take, whatever the arguments.
constexpr std::array kAllowed{
    "access",
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fcntl",
    "fstat",
    "fstatfs",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "mincore",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "pselect6",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "time",
    "times",
    "uname",
    "write",
    "writev",
};

/// What no honest engine does: it dies of it, so that the reason is plain.
constexpr std::array kDeadly{
    "connect", "fork", "process_vm_readv", "process_vm_writev", "ptrace", "socket", "vfork",
};

scmp_arg_cmp argument_is(unsigned index, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

scmp_arg_cmp argument_has(unsigned index, std::uint64_t mask, std::uint64_t value) {
    return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

class Rules {
public:
    explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

    void add(std::uint32_t action, const char* name, std::vector<scmp_arg_cmp> conditions = {}) {
        const int number = ::seccomp_syscall_resolve_name(name);
        if (number < 0) return;  // This architecture has no such call, so nobody can make it.
        const int code = ::seccomp_rule_add_array(
            filter_, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
        if (code != 0 && error_ == 0) error_ = -code;
    }
    int error() const { return error_; }

private:
    scmp_filter_ctx filter_;
    int error_ = 0;
};

void add_rules(Rules& rules) {
    for (const char* name : kAllowed) rules.add(SCMP_ACT_ALLOW, name);
    for (const char* name : kDeadly) rules.add(SCMP_ACT_KILL_PROCESS, name);
    // Files are opened for reading, and none is made. openat2 hides its flags behind a pointer.
    constexpr std::uint64_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC;
    rules.add(SCMP_ACT_ALLOW, "open", {argument_has(1, kWrites, O_RDONLY)});
    rules.add(SCMP_ACT_ALLOW, "openat", {argument_has(2, kWrites, O_RDONLY)});
    // Threads, and no processes. clone3 hides its flags too; libraries then fall back to clone.
    rules.add(SCMP_ACT_ALLOW, "clone", {argument_has(0, CLONE_THREAD, CLONE_THREAD)});
    rules.add(SCMP_ACT_KILL_PROCESS, "clone", {argument_has(0, CLONE_THREAD, 0)});
    for (const char* name : {"clone3", "openat2"}) rules.add(SCMP_ACT_ERRNO(ENOSYS), name);
    // The one exec that starts it: of a descriptor that is open already.
    rules.add(SCMP_ACT_ALLOW, "execveat", {argument_has(4, AT_EMPTY_PATH, AT_EMPTY_PATH)});
    rules.add(SCMP_ACT_ALLOW, "prlimit64", {argument_is(0, 0), argument_is(2, 0)});
    rules.add(SCMP_ACT_ALLOW, "prctl", {argument_is(0, PR_SET_NAME)});
    for (const std::uint64_t question : std::array<std::uint64_t, 3>{TCGETS, FIOCLEX, FIONREAD}) {
        rules.add(SCMP_ACT_ALLOW, "ioctl", {argument_is(1, question)});
    }
}

int set_limit(decltype(RLIMIT_AS) resource, rlim_t value) {
    const rlimit limit{.rlim_cur = value, .rlim_max = value};
    return ::setrlimit(resource, &limit) == 0 ? 0 : errno;
}

}  // namespace

Result<std::vector<ProgramCell::Instruction>> ProgramCell::compile_filter() {
    static_assert(sizeof(Instruction) == sizeof(sock_filter));
    const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release);
    if (!filter) return fail(Errc::kUnsupported, "seccomp: this kernel has no filter");
    Rules rules(filter.get());
    add_rules(rules);
    int code = rules.error();
    if (code == 0) {
        code = -::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    if (code == 0) code = -::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    // libseccomp writes a filter to a descriptor; loading it is left to who forks.
    const int memory = ::memfd_create("filter", MFD_CLOEXEC);
    if (code == 0 && memory < 0) code = errno;
    if (code == 0) code = -::seccomp_export_bpf(filter.get(), memory);
    std::vector<Instruction> program;
    if (code == 0) {
        const off_t bytes = ::lseek(memory, 0, SEEK_END);
        program.resize(static_cast<std::size_t>(bytes) / sizeof(Instruction));
        if (bytes <= 0 ||
            ::pread(memory, program.data(), static_cast<std::size_t>(bytes), 0) != bytes) {
            code = EIO;
        }
    }
    if (memory >= 0) ::close(memory);
    if (code != 0) return fail({code, std::generic_category()}, "seccomp filter");
    return program;
}

Result<ProgramCell> ProgramCell::prepare() {
    Result<LandlockRules> rules = LandlockRules::make(readable(), LandlockSignals::kNone);
    if (!rules) return fail(rules.error());
    Result<std::vector<Instruction>> filter = compile_filter();
    if (!filter) return fail(filter.error());
    return ProgramCell(*std::move(rules), *std::move(filter));
}

int ProgramCell::enter() const noexcept {
    int failed = set_limit(RLIMIT_CORE, 0);
    if (failed == 0) failed = set_limit(RLIMIT_FSIZE, 0);
    if (failed == 0) failed = set_limit(RLIMIT_NOFILE, 64);
    if (failed == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) failed = errno;
    if (failed == 0) failed = rules_.enforce();
    if (failed != 0) return failed;
    const sock_fprog program{
        .len = static_cast<unsigned short>(filter_.size()),
        .filter = reinterpret_cast<sock_filter*>(const_cast<Instruction*>(filter_.data()))};
    // Last: it takes away the very calls that the lines above make.
    return ::prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program) == 0 ? 0 : errno;
}

}  // namespace firebreak::sensor
