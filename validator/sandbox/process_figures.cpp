#include "validator/sandbox/process_figures.hpp"

#include <charconv>
#include <ctime>
#include <fstream>
#include <string>

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;

microseconds cpu_time_of(pid_t id) {
    clockid_t clock{};
    timespec time{};
    const bool ok = ::clock_getcpuclockid(id, &clock) == 0 && ::clock_gettime(clock, &time) == 0;
    if (!ok) return microseconds{0};
    return microseconds{time.tv_sec * 1'000'000 + time.tv_nsec / 1000};
}

std::uint64_t memory_of(pid_t id, std::string_view field) {
    std::ifstream status("/proc/" + std::to_string(id) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(field)) continue;
        const std::size_t digits = line.find_first_of("0123456789");
        std::uint64_t kibibytes = 0;
        if (digits != std::string::npos) {
            std::from_chars(line.data() + digits, line.data() + line.size(), kibibytes);
        }
        return kibibytes * 1024;
    }
    return 0;
}

}  // namespace

void ProcessFigures::find_program() {
    const std::string id = std::to_string(id_);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    pid_t child = -1;
    program_ = children >> child ? child : -1;
}

microseconds ProcessFigures::cpu_time() const {
    const microseconds own = cpu_time_of(id_);
    return program_ > 0 ? own + cpu_time_of(program_) : own;
}

std::uint64_t ProcessFigures::memory(std::string_view field) const {
    const std::uint64_t own = memory_of(id_, field);
    return program_ > 0 ? own + memory_of(program_, field) : own;
}

}  // namespace firebreak::validator
