#include "tests/support/rogues/rogue.hpp"

namespace {

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.abi_version = FB_SENSOR_ABI_VERSION + 1;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
