#include "tests/support/rogues/rogue.hpp"

namespace {

/// Supplies one field where its manifest says twenty.
fb_status inputs(fb_text type, const fb_text_sink* out) {
    const std::string_view wanted(type.data, type.length);
    if (wanted != "process_creation/v1") return rogue::inputs(type, out);
    rogue::write(*out,
                 R"({"type":"process_creation/v1","fields":[{"name":"image","type":"text"}]})");
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.inputs = &inputs;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
