#include "tests/support/rogues/rogue.hpp"

namespace {

volatile uint8_t seen = 0;

/// Reads a member that this version of the struct does not have.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    seen = reinterpret_cast<const uint8_t*>(request)[sizeof(fb_load_request)];
    return rogue::load(request, loaded);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
