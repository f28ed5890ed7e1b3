#pragma once

#include <array>
#include <csignal>
#include <optional>

namespace firebreak::sensor {

/// What this process does on each signal, at one moment.
///
/// An engine that leaves a handler behind hides its own crashes: the host would report a fault of
/// the content as something else, or not at all. So the host compares before and after it opens
/// an engine and loads content, and the validator also around evaluations (65 system calls: too
/// dear for an endpoint to do per file).
class SignalState {
public:
    static SignalState now() noexcept;

    /// The first signal whose handler, flags or mask are not what they were then.
    std::optional<int> first_change() const noexcept;

    /// Puts everything back as it was.
    void restore() const noexcept;

private:
    std::array<struct sigaction, 65> actions_{};
};

}  // namespace firebreak::sensor
