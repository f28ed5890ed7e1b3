#include <unistd.h>

#include <csignal>

#include "tests/support/rogues/act.hpp"

/// Kills the process that started it. Never to be driven but in a process of its own.
void rogue::act() {
    kill(getppid(), SIGKILL);
}
