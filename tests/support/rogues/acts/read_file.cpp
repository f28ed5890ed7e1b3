#include <fcntl.h>
#include <unistd.h>

#include "tests/support/rogues/act.hpp"

/// Opens a file of the host that is none of its business.
void rogue::act() {
    const int descriptor = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) close(descriptor);
}
