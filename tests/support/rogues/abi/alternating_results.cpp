#include "tests/support/rogues/rogue.hpp"

namespace {

/// Matches every other time.
fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    static bool odd = false;
    odd = !odd;
    return odd ? rogue::evaluate(content, input, budget, sink) : FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
