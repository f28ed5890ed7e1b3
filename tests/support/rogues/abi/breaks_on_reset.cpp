#include "tests/support/rogues/rogue.hpp"

namespace {

bool was_reset = false;

/// Forgets its rules along with its inputs.
fb_status reset(fb_content*) {
    was_reset = true;
    return FB_OK;
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    return was_reset ? FB_OK : rogue::evaluate(content, input, budget, sink);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.reset = &reset;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
