#include "tests/support/rogues/rogue.hpp"

namespace {

/// A capability manifest with a version that counts.
fb_status info(const fb_text_sink* out) {
    static int calls = 0;
    rogue::write(*out, R"({"manifest_version":1,"name":"a","version":")" + std::to_string(++calls) +
                           R"(","build_id":"x","content_types":["yara-source"],"contracts":[],)"
                           R"("capabilities":[],"limits":{"content_bytes_max":1000,)"
                           R"("input_bytes_max":1000,"rules_max":10}})");
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
