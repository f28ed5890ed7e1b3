#include "validator/abi/process_state.hpp"

#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <filesystem>

namespace firebreak::validator {
namespace {

/// The kernel's signal set, which is shorter than the C library's.
constexpr std::size_t kMaskBytes = 8;

std::string signal_mask() {
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    return {reinterpret_cast<const char*>(&mask), kMaskBytes};
}

std::vector<std::string> environment() {
    std::vector<std::string> lines;
    for (char** line = ::environ; line != nullptr && *line != nullptr; ++line) {
        lines.emplace_back(*line);
    }
    return lines;
}

}  // namespace

ProcessState ProcessState::now() {
    ProcessState state;
    state.mask_ = signal_mask();
    state.environment_ = environment();
    state.locale_ = std::setlocale(LC_ALL, nullptr);
    state.rounding_ = std::fegetround();
    return state;
}

std::optional<std::string> ProcessState::first_change() const {
    if (const std::optional<int> signal = signals_.first_change()) {
        return "the handler of signal " + std::to_string(*signal);
    }
    if (mask_ != signal_mask()) return "the signal mask";
    if (environment_ != environment()) return "the environment";
    if (locale_ != std::setlocale(LC_ALL, nullptr)) return "the locale";
    if (rounding_ != std::fegetround()) return "the rounding of floating-point numbers";
    return std::nullopt;
}

std::set<std::string> open_descriptors() {
    std::set<std::string> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
        const bool listing = gone || target.starts_with("/proc/");
        if (listing || target.starts_with("/memfd:firebreak-engine")) continue;
        found.insert(entry.path().filename().string() + " " + target);
    }
    return found;
}

}  // namespace firebreak::validator
