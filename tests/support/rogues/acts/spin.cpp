#include <ctime>

#include "tests/support/rogues/act.hpp"

/// Uses the processor and never looks at the budget. Gives up after 5 minutes.
void rogue::act() {
    const std::time_t end = std::time(nullptr) + 300;
    while (std::time(nullptr) < end) {}
}
