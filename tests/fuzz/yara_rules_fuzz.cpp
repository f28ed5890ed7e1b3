// Any bytes as rules, through the whole yara engine: load, describe, evaluate, unload. Properties:
// a status of sensor.h; nothing stays when load refuses; what loads is whole, and describes as many
// rules as it counts; memory stays within its limit.
//
// libyara is Debian's, without coverage, and has crashes of its own that this will find again (one
// is examples/bad-content/load-fault): -fork=1 -ignore_crashes=1 looks past them. They are the
// reason why engines run in processes that may die.

#include <cstdint>
#include <string>

#include "core/base/check.hpp"
#include "core/base/json.hpp"
#include "sensor/sensor.h"

extern "C" const fb_engine* firebreak_sensor(uint32_t host_abi_version);

namespace {

constexpr std::string_view kInput = "MZ\x90 hello world UPX! <?php eval(1); 0123456789abcdef";

void keep(void* user, fb_text text) {
    static_cast<std::string*>(user)->assign(text.data, text.length);
}

int32_t ignore(void*, const fb_match* match) {
    FIREBREAK_CHECK(match->rule.length > 0);
    return 0;
}

bool named(fb_status status) {
    return status >= FB_OK && status <= FB_INTERNAL;
}

void use(const fb_engine& engine, const fb_loaded& loaded) {
    FIREBREAK_CHECK(loaded.content != nullptr && loaded.files_loaded == 1);
    FIREBREAK_CHECK(loaded.rules_seen == loaded.rules_loaded && loaded.rules_loaded > 0);

    std::string description;
    const fb_text_sink out = {sizeof out, 0, &description, &keep};
    FIREBREAK_CHECK(engine.describe(loaded.content, &out) == FB_OK);
    const auto described = firebreak::parse_json(description);
    FIREBREAK_CHECK(described);
    FIREBREAK_CHECK(described->at("rules").as_array().size() == loaded.rules_loaded);

    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_FILE;
    input.as.file.bytes = {reinterpret_cast<const uint8_t*>(kInput.data()), kInput.size()};
    const fb_budget budget = {sizeof budget, 1000, 1000};
    const fb_match_sink matches = {sizeof matches, 0, nullptr, &ignore};
    FIREBREAK_CHECK(named(engine.evaluate(loaded.content, &input, &budget, &matches)));
    FIREBREAK_CHECK(engine.reset(loaded.content) == FB_OK);
    FIREBREAK_CHECK(engine.unload(loaded.content) == FB_OK);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fb_engine* engine = firebreak_sensor(FB_SENSOR_ABI_VERSION);
    FIREBREAK_CHECK(engine != nullptr);
    constexpr std::string_view kName = "fuzz.yar";
    const fb_file file = {{kName.data(), kName.size()}, {data, size}};
    fb_load_request request{};
    request.struct_size = sizeof request;
    request.files = &file;
    request.file_count = 1;
    request.rules_max = 1000;
    request.memory_bytes_max = 64U << 20U;
    fb_loaded loaded{};
    loaded.struct_size = sizeof loaded;
    const fb_status status = engine->load(&request, &loaded);
    FIREBREAK_CHECK(named(status));
    FIREBREAK_CHECK((status == FB_OK) == (loaded.content != nullptr));
    if (status == FB_OK) use(*engine, loaded);
    return 0;
}
