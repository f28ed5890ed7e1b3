#include "tests/support/rogues/rogue.hpp"

namespace {

/// The same in one process, and another in the next.
fb_status describe(const fb_content*, const fb_text_sink* out) {
    static const auto where = reinterpret_cast<uintptr_t>(out->user);
    rogue::write(*out, R"({"rules":[{"name":"rogue_rule","line":)" + std::to_string(where) + "}]}");
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.describe = &describe;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
