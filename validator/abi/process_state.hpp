#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sensor/host/signal_state.hpp"

namespace firebreak::validator {

/// What belongs to the process and not to an engine in it, at one moment. None of it takes a system
/// call that a sealed worker may not make.
class ProcessState {
public:
    static ProcessState now();

    /// "the environment", … of what is no longer as it was; nothing when all is.
    std::optional<std::string> first_change() const;

private:
    sensor::SignalState signals_{sensor::SignalState::now()};
    std::string mask_;
    std::vector<std::string> environment_;
    std::string locale_;
    int rounding_ = 0;
};

/// The descriptors that are open now, with what they are open on ("7 /dev/null"), without those
/// that hold the image of an engine for us. Not in a sealed worker.
std::set<std::string> open_descriptors();

}  // namespace firebreak::validator
