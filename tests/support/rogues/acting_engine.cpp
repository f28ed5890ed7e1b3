#include "tests/support/rogues/act.hpp"
#include "tests/support/rogues/rogue.hpp"

/// The engine around one act of acts/: does it when content is loaded, or when an input is
/// evaluated, and goes on as if nothing had happened, if it still can.
namespace {

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
#ifdef FIREBREAK_ROGUE_AT_LOAD
    rogue::act();
#endif
    return rogue::load(request, loaded);
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
#ifndef FIREBREAK_ROGUE_AT_LOAD
    rogue::act();
#endif
    return rogue::evaluate(content, input, budget, sink);
}

constexpr fb_engine kEngine = {
    FB_SENSOR_ABI_VERSION, sizeof(fb_engine), &rogue::info, &load,
    &rogue::describe,      &rogue::inputs,    &evaluate,    &rogue::reset,
    &rogue::unload,        nullptr,           nullptr,
};

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
