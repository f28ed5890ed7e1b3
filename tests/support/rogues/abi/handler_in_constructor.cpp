#include <csignal>

#include "tests/support/rogues/rogue.hpp"

namespace {

void ignore(int) {}

__attribute__((constructor)) void install() {
    struct sigaction action {};
    action.sa_handler = &ignore;
    sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

FIREBREAK_ROGUE_EXPORT(rogue::kGoodEngine)
