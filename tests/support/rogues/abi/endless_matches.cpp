#include "tests/support/rogues/rogue.hpp"

namespace {

/// Reports matches until somebody stops it, and does not stop then.
fb_status evaluate(fb_content*, const fb_input*, const fb_budget*, const fb_match_sink* sink) {
    const std::string_view rule = "rogue_rule";
    const fb_match match = {sizeof(fb_match), 0, {rule.data(), rule.size()}, {nullptr, 0}};
    for (int i = 0; i < 100000; ++i) sink->match(sink->user, &match);
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
