#include "tests/support/rogues/rogue.hpp"

namespace {

volatile uint8_t seen = 0;

/// Looks for the NUL that nobody promised.
fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    if (input->kind == FB_INPUT_FILE) seen = input->as.file.bytes.data[input->as.file.bytes.length];
    return rogue::evaluate(content, input, budget, sink);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
