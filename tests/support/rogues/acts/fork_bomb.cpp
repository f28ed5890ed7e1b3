#include <unistd.h>

#include <csignal>

#include "tests/support/rogues/act.hpp"

/// Starts 64 processes that start nothing, and stay for 20 seconds.
void rogue::act() {
    for (int i = 0; i < 64; ++i) {
        if (fork() != 0) continue;
        std::signal(SIGALRM, SIG_DFL);
        alarm(20);
        for (;;) pause();
    }
}
