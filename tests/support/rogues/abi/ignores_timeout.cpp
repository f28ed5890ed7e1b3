#include "tests/support/rogues/rogue.hpp"

namespace {

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    fb_budget patient = *budget;
    patient.timeout_ms = 1000;
    return rogue::evaluate(content, input, &patient, sink);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
