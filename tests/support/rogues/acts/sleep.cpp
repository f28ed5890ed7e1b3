#include <unistd.h>

#include "tests/support/rogues/act.hpp"

/// Waits, using no processor time: a limit on CPU seconds alone never sees it.
void rogue::act() {
    ::sleep(300);
}
