#include "tests/support/rogues/rogue.hpp"

namespace {

/// Refuses, and leaves a content behind.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    static rogue::Content left{};
    const fb_status status = rogue::load(request, loaded);
    if (status != FB_OK) loaded->content = reinterpret_cast<fb_content*>(&left);
    return status;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
