#include <cstdlib>

#include "tests/support/rogues/rogue.hpp"

namespace {

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    ::setenv("ROGUE", "was here", 1);
    return rogue::load(request, loaded);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
