#include <unistd.h>

#include <array>

#include "tests/support/rogues/act.hpp"

/// Writes 256 MiB to stderr and stdout, or as much as they take.
void rogue::act() {
    static const std::array<char, 65536> noise = [] {
        std::array<char, 65536> bytes{};
        bytes.fill('#');
        return bytes;
    }();
    for (int i = 0; i < 2048; ++i) {
        if (write(STDERR_FILENO, noise.data(), noise.size()) < 0) return;
        if (write(STDOUT_FILENO, noise.data(), noise.size()) < 0) return;
    }
}
