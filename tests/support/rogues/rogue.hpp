#pragma once

#include <string>
#include <string_view>

#include "sensor/sensor.h"

/// What every rogue does right: a complete, quiet engine that takes any content of type
/// "yara-source", counts each file as one rule, and matches an input that contains "MATCH ME".
/// A rogue changes one thing of it.
namespace rogue {

inline fb_status info(const fb_text_sink* out) {
    constexpr std::string_view kManifest =
        R"({"manifest_version":1,"name":")" FIREBREAK_ROGUE_NAME R"(","version":"1",)"
        R"("build_id":"none","content_types":["yara-source"],"input_kinds":["file","event"],)"
        R"("contracts":["process_creation/v1:20"],"capabilities":[],)"
        R"("limits":{"content_bytes_max":67108864,"input_bytes_max":67108864,"rules_max":1000}})";
    out->write(out->user, {kManifest.data(), kManifest.size()});
    return FB_OK;
}

inline fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    static int content = 0;
    loaded->content = reinterpret_cast<fb_content*>(&content);
    loaded->files_loaded = request->file_count;
    loaded->rules_seen = request->file_count;
    loaded->rules_loaded = request->file_count;
    return FB_OK;
}

inline fb_status describe(const fb_content*, const fb_text_sink* out) {
    constexpr std::string_view kNothing = R"({"rules":[]})";
    out->write(out->user, {kNothing.data(), kNothing.size()});
    return FB_OK;
}

inline fb_status inputs(fb_text, const fb_text_sink*) {
    return FB_REFUSED;
}

inline fb_status evaluate(fb_content*, const fb_input* input, const fb_budget*,
                          const fb_match_sink* sink) {
    if (input->kind != FB_INPUT_FILE) return FB_OK;
    const fb_bytes& bytes = input->as.file.bytes;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
    if (text.find("MATCH ME") == std::string_view::npos) return FB_OK;
    const std::string_view rule = "rogue_rule";
    const fb_match match = {sizeof(fb_match), 0, {rule.data(), rule.size()}, {nullptr, 0}};
    return sink->match(sink->user, &match) == 0 ? FB_OK : FB_LIMIT;
}

inline fb_status reset(fb_content*) {
    return FB_OK;
}

inline fb_status unload(fb_content*) {
    return FB_OK;
}

inline constexpr fb_engine kGoodEngine = {
    FB_SENSOR_ABI_VERSION,
    sizeof(fb_engine),
    &info,
    &load,
    &describe,
    &inputs,
    &evaluate,
    &reset,
    &unload,
    nullptr,
};

}  // namespace rogue

/// Exports `table`, a `const fb_engine`.
#define FIREBREAK_ROGUE_EXPORT(table)                                                         \
    extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version); \
    const fb_engine* firebreak_sensor(uint32_t) {                                             \
        return &(table);                                                                      \
    }
