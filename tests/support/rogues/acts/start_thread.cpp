#include <unistd.h>

#include <thread>

#include "tests/support/rogues/act.hpp"

/// Leaves a thread behind that outlives the call.
void rogue::act() {
    std::thread([] { ::sleep(20); }).detach();
}
