#include <fcntl.h>

#include "tests/support/rogues/rogue.hpp"

namespace {

__attribute__((constructor)) void leave() {
    static volatile int left = ::open("/dev/null", O_RDONLY);
    (void)left;
}

}  // namespace

FIREBREAK_ROGUE_EXPORT(rogue::kGoodEngine)
