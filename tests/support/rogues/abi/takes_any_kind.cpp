#include "tests/support/rogues/rogue.hpp"

namespace {

/// "Nothing matched" on what it cannot even read.
fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    const fb_status status = rogue::evaluate(content, input, budget, sink);
    return status == FB_REFUSED ? FB_OK : status;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
