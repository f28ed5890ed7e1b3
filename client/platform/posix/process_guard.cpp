#include "client/platform/process_guard.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sys/time.h>
#include <utility>

namespace firebreak::client {
namespace {

/// SIGALRM's default is to end the process, and no engine may install a handler (sensor.h).
void set_alarm(std::chrono::seconds limit) {
    itimerval timer{};
    timer.it_value.tv_sec = limit.count();
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

Result<ProcessGuard> ProcessGuard::open(const std::filesystem::path& black_box) {
    const int descriptor =
        ::open(black_box.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return fail({errno, std::generic_category()}, black_box.string());
    char recorded = '-';
    EngineCall last = EngineCall::kNone;
    if (::pread(descriptor, &recorded, 1, 0) == 1) {
        for (const EngineCall call : {EngineCall::kLoad, EngineCall::kScan}) {
            if (recorded == static_cast<char>(call)) last = call;
        }
    }
    ProcessGuard guard(descriptor, last);
    guard.record(EngineCall::kNone);
    return guard;
}

ProcessGuard::~ProcessGuard() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

ProcessGuard::ProcessGuard(ProcessGuard&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), last_death_(other.last_death_) {}

void ProcessGuard::enter(EngineCall call, std::chrono::seconds limit) {
    record(call);
    set_alarm(limit);
}

void ProcessGuard::leave() {
    set_alarm(std::chrono::seconds{0});
    record(EngineCall::kNone);
}

void ProcessGuard::engine_died() {
    // At once, and as a crash: the black box says in which call.
    std::abort();
}

void ProcessGuard::record(EngineCall call) const {
    const char letter = static_cast<char>(call);
    // A byte that cannot be written (a full disk) costs a crash report its cause, no more.
    const ssize_t written = ::pwrite(descriptor_, &letter, 1, 0);
    static_cast<void>(written);
}

}  // namespace firebreak::client
