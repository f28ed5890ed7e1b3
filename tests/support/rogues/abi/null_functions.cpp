#include "tests/support/rogues/rogue.hpp"

namespace {

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = nullptr;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
