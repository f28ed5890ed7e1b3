#include "tests/support/rogues/rogue.hpp"

namespace {

/// A status that no header names, after a load that looks whole.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    static rogue::Content whole{1, 0};  // Nobody unloads what a failed load left.
    if (rogue::load(request, loaded) == FB_OK) {
        static_cast<void>(rogue::unload(loaded->content));
        loaded->content = reinterpret_cast<fb_content*>(&whole);
    }
    return -1;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
