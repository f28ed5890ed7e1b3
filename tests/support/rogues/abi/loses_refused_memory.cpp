#include "tests/support/rogues/rogue.hpp"

namespace {

const fb_allocator* memory = nullptr;

fb_status info(const fb_text_sink* out) {
    rogue::write(*out,
                 R"({"manifest_version":1,"name":"a","version":"1","build_id":"x",)"
                 R"("content_types":["yara-source"],"contracts":[],"capabilities":[],)"
                 R"("limits":{"content_bytes_max":1000,"input_bytes_max":1000,"rules_max":10},)"
                 R"("takes_allocator":true})");
    return FB_OK;
}

bool loaded_now = false;

/// When the second block is refused, forgets the first.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (memory != nullptr) {
        void* first = memory->allocate(memory->user, 64);
        void* second = memory->allocate(memory->user, 64);
        if (first == nullptr || second == nullptr) {
            loaded->content = nullptr;
            return FB_LIMIT;
        }
        memory->release(memory->user, first);
        memory->release(memory->user, second);
    }
    loaded_now = true;
    return rogue::load(request, loaded);
}

fb_status unload(fb_content* content) {
    loaded_now = false;
    return rogue::unload(content);
}

fb_status set_allocator(const fb_allocator* allocator) {
    if (loaded_now) return FB_REFUSED;
    memory = allocator;
    return FB_OK;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.info = &info;
    engine.load = &load;
    engine.unload = &unload;
    engine.set_allocator = &set_allocator;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
