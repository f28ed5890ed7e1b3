#include "tests/support/rogues/rogue.hpp"

namespace {

/// Says ok, and has nothing.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const fb_status status = rogue::load(request, loaded);
    static_cast<void>(rogue::unload(loaded->content));
    loaded->content = nullptr;
    return status;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
