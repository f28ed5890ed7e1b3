#include "tests/support/rogues/rogue.hpp"

namespace {

/// A status that no header names.
fb_status evaluate(fb_content*, const fb_input*, const fb_budget*, const fb_match_sink*) {
    return 42;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
