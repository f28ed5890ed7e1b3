#include <unistd.h>

#include "tests/support/rogues/act.hpp"

/// Ends the process with success, without having given an answer.
void rogue::act() {
    _exit(0);
}
