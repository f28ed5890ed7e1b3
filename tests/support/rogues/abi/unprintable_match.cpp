#include "tests/support/rogues/rogue.hpp"

namespace {

/// A rule name that would take over a terminal.
fb_status evaluate(fb_content*, const fb_input*, const fb_budget*, const fb_match_sink* sink) {
    const std::string_view rule = "a\x1b[2Jb\nc\xff";
    const fb_match match = {sizeof(fb_match), 0, {rule.data(), rule.size()}, {nullptr, 0}};
    return sink->match(sink->user, &match) == 0 ? FB_OK : FB_LIMIT;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
