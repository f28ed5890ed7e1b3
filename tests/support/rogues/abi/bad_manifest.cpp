#include "tests/support/rogues/rogue.hpp"

namespace {

/// A capability manifest with a name given twice.
fb_status info(const fb_text_sink* out) {
    constexpr std::string_view kManifest =
        R"({"manifest_version":1,"name":"a","name":"b","version":"1","build_id":"x"})";
    out->write(out->user, {kManifest.data(), kManifest.size()});
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
