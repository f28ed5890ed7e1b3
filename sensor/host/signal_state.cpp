#include "sensor/host/signal_state.hpp"

#include <cstring>

namespace firebreak::sensor {
namespace {

// Real-time signals end at 64 on Linux. 32 and 33 belong to the C library, which answers EINVAL for
// them; they read as all zero, before and after.
constexpr int kSignalEnd = 65;

// The kernel's signal set. The C library's is 16 times as long, and sigaction() leaves the rest of
// it as it found it on its own stack.
constexpr std::size_t kMaskBytes = 8;

// SA_RESTORER: the C library sets it with every sigaction() and shows it when reading; a default
// action that was put back differs from one that was never touched by this bit alone.
constexpr int kRestorerFlag = 0x04000000;

bool same(const struct sigaction& a, const struct sigaction& b) {
    // sa_handler and sa_sigaction share storage; the bits are the function's address either way.
    return std::memcmp(&a.sa_handler, &b.sa_handler, sizeof a.sa_handler) == 0 &&
           (a.sa_flags | kRestorerFlag) == (b.sa_flags | kRestorerFlag) &&
           std::memcmp(&a.sa_mask, &b.sa_mask, kMaskBytes) == 0;
}

}  // namespace

SignalState SignalState::now() noexcept {
    SignalState state;
    for (int signal = 1; signal < kSignalEnd; ++signal) {
        sigaction(signal, nullptr, &state.actions_.at(static_cast<std::size_t>(signal)));
    }
    return state;
}

std::optional<int> SignalState::first_change() const noexcept {
    const SignalState current = now();
    for (std::size_t signal = 1; signal < actions_.size(); ++signal) {
        if (!same(actions_.at(signal), current.actions_.at(signal))) {
            return static_cast<int>(signal);
        }
    }
    return std::nullopt;
}

void SignalState::restore() const noexcept {
    for (int signal = 1; signal < kSignalEnd; ++signal) {
        sigaction(signal, &actions_.at(static_cast<std::size_t>(signal)), nullptr);
    }
}

}  // namespace firebreak::sensor
