#include "tests/support/rogues/rogue.hpp"

namespace {

/// Runs when the file is mapped, before anybody has asked it anything.
__attribute__((constructor)) void crash() {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}

}  // namespace

FIREBREAK_ROGUE_EXPORT(rogue::kGoodEngine)
