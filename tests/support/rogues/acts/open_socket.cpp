#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/support/rogues/act.hpp"

/// Tries to reach the network (its own machine's discard port).
void rogue::act() {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    close(descriptor);
}
