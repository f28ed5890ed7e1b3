#include <cstdlib>

#include "tests/support/rogues/act.hpp"

/// Ends itself the loud way, as a failed assertion does.
void rogue::act() {
    std::abort();
}
