#include "tests/support/rogues/rogue.hpp"

namespace {

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    fb_load_request unlimited = *request;
    unlimited.rules_max = UINT64_MAX;
    return rogue::load(&unlimited, loaded);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
