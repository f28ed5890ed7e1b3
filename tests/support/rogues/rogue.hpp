#pragma once

#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "sensor/sensor.h"

/// What every rogue does right: a complete, quiet engine that keeps every rule of sensor.h. It
/// takes content of type "yara-source" that is text and has an even number of double quotes,
/// counts each file as one rule, and matches an input that contains "MATCH ME" with the first of
/// them. A rogue changes one thing of it.
namespace rogue {

constexpr std::size_t kFields = 20;

struct Content {
    std::size_t rules;
    std::size_t matches;  ///< So far: nothing may depend on it.
};

inline Content* of(fb_content* content) {
    return reinterpret_cast<Content*>(content);
}

template <class T>
bool proper(const T* value) {
    return value != nullptr && value->struct_size >= sizeof(T);
}

inline void write(const fb_text_sink& out, const std::string& text) {
    out.write(out.user, {text.data(), text.size()});
}

inline fb_status info(const fb_text_sink* out) {
    if (!proper(out)) return FB_REFUSED;
    constexpr std::string_view kManifest =
        R"({"manifest_version":1,"name":")" FIREBREAK_ROGUE_NAME R"(","version":"1",)"
        R"("build_id":"none","content_types":["yara-source"],"input_kinds":["file","event"],)"
        R"("contracts":["process_creation/v1:20"],"capabilities":[],)"
        R"("limits":{"content_bytes_max":67108864,"input_bytes_max":67108864,"rules_max":1000}})";
    write(*out, std::string(kManifest));
    return FB_OK;
}

inline bool is_text(fb_bytes bytes) {
    std::size_t quotes = 0;
    for (std::size_t i = 0; i < bytes.length; ++i) {
        if (bytes.data[i] == 0 || bytes.data[i] >= 0x80) return false;
        if (bytes.data[i] == '"') ++quotes;
    }
    return quotes % 2 == 0;
}

inline fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (!proper(loaded)) return FB_REFUSED;
    loaded->content = nullptr;
    if (!proper(request) || !proper(request->diagnostics)) return FB_REFUSED;
    for (std::size_t i = 0; i < request->file_count; ++i) {
        if (!is_text(request->files[i].bytes)) return FB_REFUSED;
    }
    if (request->file_count > request->rules_max) return FB_LIMIT;
    auto* content = new (std::nothrow) Content{request->file_count, 0};
    if (content == nullptr) return FB_LIMIT;
    loaded->content = reinterpret_cast<fb_content*>(content);
    loaded->files_loaded = request->file_count;
    loaded->rules_seen = request->file_count;
    loaded->rules_loaded = request->file_count;
    return FB_OK;
}

inline fb_status describe(const fb_content*, const fb_text_sink* out) {
    if (!proper(out)) return FB_REFUSED;
    write(*out, R"({"rules":[{"name":"rogue_rule"}]})");
    return FB_OK;
}

inline fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (!proper(out)) return FB_REFUSED;
    const std::string_view wanted(type.data, type.length);
    if (wanted == "file") {
        write(*out, R"({"type":"file","fields":[{"name":"bytes","type":"bytes"}]})");
        return FB_OK;
    }
    if (wanted != "process_creation/v1") return FB_REFUSED;
    std::string text = R"({"type":"process_creation/v1","fields":[)";
    for (std::size_t i = 0; i < kFields; ++i) {
        text += (i == 0 ? "" : ",") + (R"({"name":"f)" + std::to_string(i)) + R"(","type":"text"})";
    }
    write(*out, text + "]}");
    return FB_OK;
}

inline fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                          const fb_match_sink* sink) {
    if (!proper(input) || !proper(budget) || !proper(sink)) return FB_REFUSED;
    if (budget->timeout_ms == 0) return FB_TIMEOUT;
    if (input->kind == FB_INPUT_EVENT) {
        return input->as.event.field_count == kFields ? FB_OK : FB_REFUSED;
    }
    if (input->kind != FB_INPUT_FILE) return FB_REFUSED;
    const fb_bytes& bytes = input->as.file.bytes;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data), bytes.length);
    if (text.find("MATCH ME") == std::string_view::npos) return FB_OK;
    if (budget->matches_max == 0) return FB_LIMIT;
    ++of(content)->matches;
    const std::string_view rule = "rogue_rule";
    const fb_match match = {sizeof(fb_match), 0, {rule.data(), rule.size()}, {nullptr, 0}};
    return sink->match(sink->user, &match) == 0 ? FB_OK : FB_LIMIT;
}

inline fb_status reset(fb_content* content) {
    of(content)->matches = 0;
    return FB_OK;
}

inline fb_status unload(fb_content* content) {
    delete of(content);
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
    nullptr,
};

}  // namespace rogue

/// Exports `table`, a `const fb_engine`, for the version it is of.
#define FIREBREAK_ROGUE_EXPORT(table)                                                         \
    extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version); \
    const fb_engine* firebreak_sensor(uint32_t host_abi_version) {                            \
        return host_abi_version == FB_SENSOR_ABI_VERSION ? &(table) : nullptr;                \
    }
