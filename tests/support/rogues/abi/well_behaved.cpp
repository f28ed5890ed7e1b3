#include "tests/support/rogues/rogue.hpp"

/// No rogue: the control. What is said of the others must not be said of this one.
FIREBREAK_ROGUE_EXPORT(rogue::kGoodEngine)
