#include "tests/support/rogues/rogue.hpp"

namespace {

/// A status that no header names, after a load that looks whole.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    rogue::load(request, loaded);
    return -1;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
