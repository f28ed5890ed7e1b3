#include "tests/support/rogues/act.hpp"

/// Writes to address 0.
void rogue::act() {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}
