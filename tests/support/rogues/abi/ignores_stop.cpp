#include "tests/support/rogues/rogue.hpp"

namespace {

/// Reports every rule, whatever it was told.
fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    fb_budget unlimited = *budget;
    unlimited.matches_max = 1;
    rogue::evaluate(content, input, &unlimited, sink);
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
