#include <unistd.h>

#include <sys/ptrace.h>

#include "tests/support/rogues/act.hpp"

/// Tries to take control of the process that judges it.
void rogue::act() {
    if (ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) == 0) {
        ptrace(PTRACE_DETACH, getppid(), nullptr, nullptr);
    }
}
