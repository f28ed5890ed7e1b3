#include "tests/support/rogues/rogue.hpp"

namespace {

/// Says that it accounts memory, and does not.
fb_status info(const fb_text_sink* out) {
    rogue::write(*out,
                 R"({"manifest_version":1,"name":"a","version":"1","build_id":"x",)"
                 R"("content_types":["yara-source"],"contracts":[],"capabilities":[],)"
                 R"("limits":{"content_bytes_max":1000,"input_bytes_max":1000,"rules_max":10},)"
                 R"("accounts_memory":true})");
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
