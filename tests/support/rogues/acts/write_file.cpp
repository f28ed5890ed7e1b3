#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

#include "tests/support/rogues/act.hpp"

/// Leaves "rogue-was-here" in the current folder and in /tmp.
void rogue::act() {
    for (const char* path : {"rogue-was-here", "/tmp/rogue-was-here"}) {
        const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (descriptor < 0) continue;
        const ssize_t written = write(descriptor, "x", 1);
        static_cast<void>(written);
        close(descriptor);
    }
}
