#include "tests/support/rogues/rogue.hpp"

namespace {

/// A capability manifest of 64 MiB.
fb_status info(const fb_text_sink* out) {
    const std::string text(64U << 20U, ' ');
    out->write(out->user, {text.data(), text.size()});
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
