#include "tests/support/rogues/rogue.hpp"

namespace {

/// Covers a rule that the content does not have.
fb_status coverage(fb_content*, const fb_text_sink* out) {
    static bool measuring = false;
    if (out == nullptr) {
        measuring = true;
        return FB_OK;
    }
    if (!measuring) return FB_REFUSED;
    constexpr std::string_view kText = R"({"rules": [{"name": "nobody", "reads": []}]})";
    out->write(out->user, {kText.data(), kText.size()});
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.coverage = &coverage;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
