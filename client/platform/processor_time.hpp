#pragma once

#include <chrono>

namespace firebreak::client {

/// A process whose processor time can be told: this one, or a program beside it.
class ProcessorTime {
public:
    /// Of this process alone.
    ProcessorTime() = default;

    /// Of this process and of the one behind `process` (a pidfd), which is alive.
    explicit ProcessorTime(int process);

    /// What they have used so far, user and system time. A program that has ended counts no more.
    std::chrono::nanoseconds used() const;

private:
    int program_ = 0;  ///< Process id; 0: none.
};

}  // namespace firebreak::client
