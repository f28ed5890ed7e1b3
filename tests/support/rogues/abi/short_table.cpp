#include "tests/support/rogues/rogue.hpp"

namespace {

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.struct_size = 16;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
