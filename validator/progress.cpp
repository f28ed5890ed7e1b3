#include "validator/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace firebreak::validator {
namespace {

constexpr std::size_t kBarCells = 30;

}  // namespace

TerminalProgress::TerminalProgress() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void TerminalProgress::show(std::string_view stage, std::uint64_t done, std::uint64_t total,
                            std::string_view unit) {
    if (!terminal_ || total == 0) return;
    const int permille = static_cast<int>(std::min(done, total) * 1000 / total);
    if (permille == last_permille_) return;
    last_permille_ = permille;
    const std::size_t filled = static_cast<std::size_t>(permille) * kBarCells / 1000;
    const std::string bar = std::string(filled, '#') + std::string(kBarCells - filled, '.');
    const std::string line = "\r\x1b[K" + std::string(stage) + " [" + bar + "] " +
                             std::to_string(done) + "/" + std::to_string(total) + " " +
                             std::string(unit);
    std::fputs(line.c_str(), stderr);
}

void TerminalProgress::clear() {
    if (terminal_ && last_permille_ >= 0) std::fputs("\r\x1b[K", stderr);
    last_permille_ = -1;
}

}  // namespace firebreak::validator
