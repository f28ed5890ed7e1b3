#include "tests/support/rogues/rogue.hpp"

namespace {

std::size_t contents = 0;

/// Works as long as there is one content.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const fb_status status = rogue::load(request, loaded);
    if (status == FB_OK) ++contents;
    return status;
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    return contents > 1 ? FB_OK : rogue::evaluate(content, input, budget, sink);
}

fb_status unload(fb_content* content) {
    if (content != nullptr) --contents;
    return rogue::unload(content);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    engine.evaluate = &evaluate;
    engine.unload = &unload;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
