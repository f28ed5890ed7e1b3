#include "tests/support/rogues/rogue.hpp"

namespace {

volatile uint32_t seen = 0;

/// Reads one field more than the event has: 19 July 2024.
fb_status evaluate(fb_content*, const fb_input* input, const fb_budget*, const fb_match_sink*) {
    if (input->kind != FB_INPUT_EVENT) return FB_OK;
    const fb_event_input& event = input->as.event;
    seen = event.fields[event.field_count].type;
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
