#include "tests/support/rogues/rogue.hpp"

namespace {

/// Says ok, and reports an error.
fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const std::string_view message = "this rule does not compile";
    const fb_diagnostic diagnostic = {sizeof(fb_diagnostic),
                                      FB_SEVERITY_ERROR,
                                      request->files[0].name,
                                      {message.data(), message.size()},
                                      7,
                                      0};
    request->diagnostics->report(request->diagnostics->user, &diagnostic);
    return rogue::load(request, loaded);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
