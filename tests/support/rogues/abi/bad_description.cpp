#include "tests/support/rogues/rogue.hpp"

namespace {

/// A description that is no JSON.
fb_status describe(const fb_content*, const fb_text_sink* out) {
    constexpr std::string_view kText = "{\"rules\": [";
    out->write(out->user, {kText.data(), kText.size()});
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.describe = &describe;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
