
#include "tests/support/rogues/rogue.hpp"

/// Dies on an input that holds the text of its content: what a fuzzer with the content's words
/// finds at once, and one without them never.
namespace {

std::string wanted;

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    const fb_status status = rogue::load(request, loaded);
    if (status != FB_OK || request->file_count == 0) return status;
    const fb_bytes& bytes = request->files[0].bytes;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
    const std::size_t first = text.find('"');
    const std::size_t last = text.rfind('"');
    wanted = first == last ? "" : std::string(text.substr(first + 1, last - first - 1));
    return status;
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    if (input->kind == FB_INPUT_FILE && !wanted.empty()) {
        const fb_bytes& bytes = input->as.file.bytes;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
        if (text.find(wanted) != std::string_view::npos) __builtin_trap();
    }
    return rogue::evaluate(content, input, budget, sink);
}

constexpr fb_engine kEngine = [] {
    fb_engine engine = rogue::kGoodEngine;
    engine.load = &load;
    engine.evaluate = &evaluate;
    return engine;
}();

}  // namespace

FIREBREAK_ROGUE_EXPORT(kEngine)
