#include "tests/support/rogues/rogue.hpp"

namespace {

/// Calls every run of bytes content.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const fb_file nothing = {request->files[0].name, {nullptr, 0}};
    fb_load_request one = *request;
    one.files = &nothing;
    one.file_count = 1;
    const fb_status status = rogue::load(&one, loaded);
    loaded->files_loaded = loaded->rules_seen = loaded->rules_loaded = request->file_count;
    return status;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
