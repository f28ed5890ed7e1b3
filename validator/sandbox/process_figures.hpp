#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <sys/types.h>

namespace firebreak::validator {

/// What the kernel says that a process has used, seen from outside.
class ProcessFigures {
public:
    explicit ProcessFigures(pid_t id) : id_(id) {}

    /// Counts the one child that the process has, if it has one, from here on: a worker's engine
    /// may be a program. (A sealed worker can make no other.)
    void find_program();

    /// User plus system time; 0 once it is gone.
    std::chrono::microseconds cpu_time() const;

    /// A line of /proc/<pid>/status, in bytes; 0 when there is none (any more).
    std::uint64_t memory(std::string_view field) const;

private:
    pid_t id_;
    pid_t program_ = -1;
};

}  // namespace firebreak::validator
