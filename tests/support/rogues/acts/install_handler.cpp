#include <unistd.h>

#include <csignal>

#include "tests/support/rogues/act.hpp"

namespace {

void hide(int) {
    _exit(0);
}

}  // namespace

/// Turns every later crash of the process into a successful end.
void rogue::act() {
    struct sigaction action {};
    action.sa_handler = &hide;
    sigaction(SIGSEGV, &action, nullptr);
}
