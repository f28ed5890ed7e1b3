#include "tests/support/rogues/rogue.hpp"

namespace {

/// Says ok, and writes nothing.
fb_status info(const fb_text_sink*) {
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
