// sigma-7.11-museum-asan RULES: loads a binary rule file into the museum's engine and plays one
// event against it: as many fields as the integration supplies, each "museum", on the heap.
//
// Exit: 0 the engine answered, 2 no such file or refused; otherwise AddressSanitizer's.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/sigma/museum/interpreter.hpp"

extern "C" const fb_engine* firebreak_sensor(uint32_t host_abi_version);

namespace {

int32_t count(void* user, const fb_match*) {
    ++*static_cast<int*>(user);
    return 0;
}

int play(const fb_engine& engine, fb_content* content) {
    using firebreak::sigma::museum::kContract;
    constexpr std::string_view kValue = "museum";
    const fb_field value = {FB_FIELD_TEXT, 0, 0, reinterpret_cast<const uint8_t*>(kValue.data()),
                            kValue.size()};
    const std::vector<fb_field> fields(firebreak::sigma::museum::kFieldsSupplied, value);
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    input.as.event = {{kContract.data(), kContract.size()}, fields.data(), fields.size()};
    const fb_budget budget = {sizeof budget, 1000, 1000};
    int matches = 0;
    const fb_match_sink sink = {sizeof sink, 0, &matches, &count};
    if (engine.evaluate(content, &input, &budget, &sink) != FB_OK) return 2;
    (void)std::printf("matches: %d\n", matches);
    return 0;
}

}  // namespace

int main(int arguments_count, char** arguments) {
    if (arguments_count != 2) return 2;
    std::ifstream file(arguments[1], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const fb_engine* engine = firebreak_sensor(FB_SENSOR_ABI_VERSION);
    const fb_file content = {{"rules", 5},
                             {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}};
    fb_load_request request{};
    request.struct_size = sizeof request;
    request.files = &content;
    request.file_count = 1;
    fb_loaded loaded{};
    loaded.struct_size = sizeof loaded;
    if (engine->load(&request, &loaded) != FB_OK) return 2;
    const int code = play(*engine, loaded.content);
    (void)engine->unload(loaded.content);
    return code;
}
