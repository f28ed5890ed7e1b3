#include <cstdint>
#include <vector>

#include "tests/support/rogues/rogue.hpp"

/// Instrumented by hand, as clang does it with -fsanitize-coverage=inline-8bit-counters: a counter
/// for each of the first four words of its content that follow one another in an input. All four
/// kill it.
extern "C" void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* stop)
    __attribute__((weak));

namespace {

std::uint8_t counters[8];
std::vector<std::string> words;

__attribute__((constructor)) void announce() {
    if (__sanitizer_cov_8bit_counters_init != nullptr) {
        __sanitizer_cov_8bit_counters_init(counters, counters + sizeof counters);
    }
}

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    words.clear();
    for (std::size_t i = 0; i < request->file_count; ++i) {
        const fb_bytes& bytes = request->files[i].bytes;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
        for (std::size_t at = text.find('"'); at != std::string_view::npos;) {
            const std::size_t end = text.find('"', at + 1);
            if (end == std::string_view::npos) break;
            words.emplace_back(text.substr(at + 1, end - at - 1));
            at = text.find('"', end + 1);
        }
    }
    return rogue::load(request, loaded);
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    if (input->kind == FB_INPUT_FILE && words.size() >= 4) {
        const fb_bytes& bytes = input->as.file.bytes;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
        std::size_t at = 0;
        std::size_t fits = 0;
        while (fits < 4 && (at = text.find(words[fits], at)) != std::string_view::npos) {
            at += words[fits].size();
            ++counters[fits++];
        }
        if (fits == 4) __builtin_trap();
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
