#include <cstdlib>
#include <cstring>

#include "tests/support/rogues/act.hpp"

/// Takes memory in steps of 16 MiB, and touches it, up to 8 GiB or until it is refused.
void rogue::act() {
    constexpr std::size_t kStep = 16U << 20U;
    for (int i = 0; i < 512; ++i) {
        void* block = std::malloc(kStep);
        if (block == nullptr) return;
        std::memset(block, i | 1, kStep);
    }
}
