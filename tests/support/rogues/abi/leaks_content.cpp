#include "tests/support/rogues/rogue.hpp"

namespace {

/// Loses what every content allocated.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const fb_status status = rogue::load(request, loaded);
    if (status == FB_OK) {
        static char* volatile lost = nullptr;
        lost = new char[4096];
        std::memset(lost, 1, 4096);
    }
    return status;
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
