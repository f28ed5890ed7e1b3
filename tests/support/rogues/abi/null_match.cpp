#include "tests/support/rogues/rogue.hpp"

namespace {

/// A match whose name is nowhere, with a length.
fb_status evaluate(fb_content*, const fb_input*, const fb_budget*, const fb_match_sink* sink) {
    const fb_match match = {sizeof(fb_match), 0, {nullptr, 12}, {nullptr, 0}};
    sink->match(sink->user, &match);
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
