#include "tests/support/rogues/rogue.hpp"

namespace {

/// Fills in what the host has no room for.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    loaded->struct_size = sizeof(fb_loaded);
    return rogue::load(request, loaded);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
