#include <cstddef>
#include <cstdlib>

#include "tests/support/rogues/rogue.hpp"

namespace {

/// No sin, but an age: the table of an engine built before it grew, with what would be read by a
/// host that does not look at its size.
fb_status never(fb_content*, const fb_text_sink*) {
    std::abort();
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.struct_size = FB_SIZE_TO(fb_engine, set_allocator);
    engine.coverage = &never;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
