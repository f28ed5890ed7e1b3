#include <array>

#include "tests/support/rogues/act.hpp"

namespace {

volatile int result = 0;

int deeper(int depth) {
    std::array<volatile int, 1024> frame{};
    frame[static_cast<std::size_t>(depth) % frame.size()] = depth;
    if (depth == 1 << 30) return frame[0];
    return deeper(depth + 1) + frame[1];
}

}  // namespace

/// Recurses until the stack ends.
void rogue::act() {
    result = deeper(1);
}
