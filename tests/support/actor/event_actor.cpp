// The sigma engine, with one rule that it takes its time over: where its content looks for
// "compares everything", it compares each byte of a text field with each other one.

#include <cstddef>
#include <string_view>

#include "sensor/sensor.h"

// The sigma engine's own entry; its source is compiled under this name.
extern "C" const fb_engine* firebreak_sigma_sensor(uint32_t host_abi_version);
#undef firebreak_sensor

namespace {

const fb_engine* const sigma = firebreak_sigma_sensor(FB_SENSOR_ABI_VERSION);

/// Whether the content that was loaded last asks for it: tests load one at a time.
bool compares = false;

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    compares = false;
    for (std::size_t i = 0; i < request->file_count; ++i) {
        const fb_bytes bytes = request->files[i].bytes;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
        compares = compares || text.find("compares everything") != std::string_view::npos;
    }
    return sigma->load(request, loaded);
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    const std::size_t fields = compares ? input->as.event.field_count : 0;
    for (std::size_t field = 0; field < fields; ++field) {
        const fb_field& value = input->as.event.fields[field];
        if (value.type != FB_FIELD_TEXT) continue;
        volatile std::size_t same = 0;
        for (std::size_t i = 0; i < value.length; i += 4) {
            for (std::size_t j = 0; j < value.length; j += 4) {
                same = same + (value.data[i] == value.data[j] ? 1 : 0);
            }
        }
    }
    return sigma->evaluate(content, input, budget, sink);
}

fb_engine make_table() {
    fb_engine table = *sigma;
    table.load = &load;
    table.evaluate = &evaluate;
    return table;
}

const fb_engine table = make_table();

}  // namespace

extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &table : nullptr;
}
