#include "tests/support/rogues/act.hpp"

/// Unwinds into the host, which was not compiled to expect it.
void rogue::act() {
    throw 42;  // NOLINT: the offence itself.
}
