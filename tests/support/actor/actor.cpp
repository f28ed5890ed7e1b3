// The yara engine with stage directions. A comment in the rules says when and what:
//
//   // act load segfault      when content with this line is loaded
//   // act scan segfault      when it scans an input that contains "ON STAGE"
//   // act scan burn 20       burns 20 ms of CPU time on every input
//
// segfault, spin (for ever, near enough), hog (memory, until refused), socket, exit, fail
// (FB_INTERNAL), burn N; when loading also count (says that there is one rule more) and empty (one
// less), leak (loses 64 KiB), brittle (dies of a file that does not end with a line), sulk (refuses
// everything once it has refused anything), frail (dies when it is refused memory) and stuck
// (refuses a second content of several files); when scanning also silent (any input: ok, and no
// match), leak (any input: loses 8 KiB) and tire (dies of the hundredth input, whatever it is).
// Both: overread (looks at the byte behind a block of memory, whatever the input) and shift (shifts
// a number by more than it has bits), which the sanitizers see and nobody else. In the twin alone:
// when loading, twin-refuses and twin-spins; when scanning, twin-silent.
// Tests need a fault of each kind that follows from the content alone.

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "sensor/sensor.h"

// The yara engine's own entry; its sources are compiled under this name.
extern "C" const fb_engine* firebreak_yara_sensor(uint32_t host_abi_version);
#undef firebreak_sensor

namespace {

const fb_engine* const yara = firebreak_yara_sensor(FB_SENSOR_ABI_VERSION);

/// Of the content that was loaded last: tests load one at a time.
std::string scan_direction;

std::string_view text_of(fb_bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

/// What follows "// act WHEN " in the content, to the end of its line; empty: nothing.
std::string direction(const fb_load_request& request, std::string_view when) {
    const std::string mark = "// act " + std::string(when) + " ";
    for (std::size_t i = 0; i < request.file_count; ++i) {
        const std::string_view text = text_of(request.files[i].bytes);
        const std::size_t at = text.find(mark);
        if (at == std::string_view::npos) continue;
        const std::size_t from = at + mark.size();
        return std::string(text.substr(from, text.find('\n', from) - from));
    }
    return {};
}

void burn(long milliseconds) {
    timespec start{};
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    do {
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1'000'000 <
             milliseconds);
}

void hog() {
    constexpr std::size_t kStep = 16U << 20U;
    for (int i = 0; i < 512; ++i) {
        void* block = std::malloc(kStep);
        if (block == nullptr) std::abort();
        std::memset(block, i | 1, kStep);
    }
}

void* volatile lost = nullptr;

void leak(std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory != nullptr) std::memset(memory, 1, bytes);
    lost = memory;
}

void tire() {
    static int inputs = 0;
    if (++inputs == 100) __builtin_trap();
}

#ifdef FIREBREAK_ACTOR_TWIN
constexpr bool kTwin = true;
#else
constexpr bool kTwin = false;
#endif

void over_read() {
    constexpr std::size_t kBytes = 24;
    auto* block = static_cast<volatile char*>(std::calloc(kBytes, 1));
    if (block == nullptr) return;
    volatile std::size_t end = kBytes;
    volatile char behind = block[end];
    (void)behind;
    std::free(const_cast<char*>(block));
}

void shift() {
    volatile int places = 40;
    volatile int shifted = 1 << places;
    (void)shifted;
}

/// @returns false when the call is to fail.
bool act(const std::string& what) {
    if (what == "segfault") *static_cast<volatile int*>(nullptr) = 1;
    if (what == "spin") burn(300'000);
    if (what == "hog") hog();
    if (what == "socket") ::socket(AF_INET, SOCK_STREAM, 0);
    if (what == "exit") ::_exit(0);
    if (what == "tire") tire();
    if (what == "overread") over_read();
    if (what == "shift") shift();
    if (what == "twin-spins" && kTwin) burn(300'000);
    if (what.starts_with("burn ")) burn(std::atol(what.c_str() + 5));
    return what != "fail";
}

void die_of_half_a_line(const fb_load_request& request) {
    for (std::size_t i = 0; i < request.file_count; ++i) {
        if (!text_of(request.files[i].bytes).ends_with('\n')) __builtin_trap();
    }
}

/// Whether a load is to be refused for what was loaded before it.
bool is_refused(const fb_load_request& request, const std::string& what) {
    static int of_several_files = 0;
    if (what == "twin-refuses") return kTwin;
    if (what == "stuck" && request.file_count > 1) return ++of_several_files > 1;
    return false;
}

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    static bool sulks = false;
    const std::string what = direction(*request, "load");
    if (!act(what) || sulks || is_refused(*request, what)) {
        loaded->content = nullptr;
        return what == "fail" ? FB_INTERNAL : FB_REFUSED;
    }
    if (what == "leak") leak(64U << 10U);
    if (what == "brittle") die_of_half_a_line(*request);
    scan_direction = direction(*request, "scan");
    const fb_status status = yara->load(request, loaded);
    if (what == "sulk" && status == FB_REFUSED) sulks = true;
    if (what == "frail" && status != FB_OK && status != FB_REFUSED) __builtin_trap();
    if (status != FB_OK) return status;
    if (what == "count") ++loaded->rules_seen;
    if (what == "empty") --loaded->rules_seen;
    loaded->rules_loaded = loaded->rules_seen;
    return FB_OK;
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    if (scan_direction == "silent" || (scan_direction == "twin-silent" && kTwin)) return FB_OK;
    if (scan_direction == "leak") leak(8U << 10U);
    const bool on_stage = scan_direction.starts_with("burn ") || scan_direction == "tire" ||
                          scan_direction == "overread" ||
                          text_of(input->as.file.bytes).find("ON STAGE") != std::string_view::npos;
    if (on_stage && !act(scan_direction)) return FB_INTERNAL;
    return yara->evaluate(content, input, budget, sink);
}

fb_engine make_table() {
    fb_engine table = *yara;
    table.load = &load;
    table.evaluate = &evaluate;
    return table;
}

const fb_engine table = make_table();

}  // namespace

extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &table : nullptr;
}
