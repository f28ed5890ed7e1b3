#include "client/platform/processor_time.hpp"

#include <ctime>
#include <fstream>
#include <string>

namespace firebreak::client {
namespace {

std::chrono::nanoseconds time_of(clockid_t clock) {
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) return {};
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// What the kernel says of a pidfd: "Pid:\t1234". 0: nothing.
int process_behind(int descriptor) {
    std::ifstream facts("/proc/self/fdinfo/" + std::to_string(descriptor));
    std::string name;
    for (int id = 0; facts >> name; facts.ignore(256, '\n')) {
        if (name == "Pid:") return facts >> id && id > 0 ? id : 0;
    }
    return 0;
}

}  // namespace

ProcessorTime::ProcessorTime(int process) : program_(process_behind(process)) {}

std::chrono::nanoseconds ProcessorTime::used() const {
    const std::chrono::nanoseconds own = time_of(CLOCK_PROCESS_CPUTIME_ID);
    clockid_t clock{};
    if (program_ == 0 || ::clock_getcpuclockid(program_, &clock) != 0) return own;
    return own + time_of(clock);
}

}  // namespace firebreak::client
