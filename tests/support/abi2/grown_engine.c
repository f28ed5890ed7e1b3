/* An engine built against version 2 of sensor.h that speaks version 1 too. It uses what version 2
 * added where the host has it, and says so: the rule is "grown" then, and "plain" otherwise. */
#include <stdlib.h>
#include <string.h>

#include "sensor/sensor.h"

struct fb_content {
    uint64_t extra;
};

static fb_text text_of(const char* text) {
    return (fb_text){text, strlen(text)};
}

static fb_status info(const fb_text_sink* out) {
    if (out->struct_size < FB_SIZE_TO(fb_text_sink, write)) return FB_REFUSED;
    out->write(out->user, text_of("{\"manifest_version\":1,\"name\":\"grown\",\"version\":\"2\","
                                  "\"build_id\":\"none\",\"content_types\":[\"yara-source\"],"
                                  "\"input_kinds\":[\"file\"],\"contracts\":[],\"capabilities\":[],"
                                  "\"limits\":{\"content_bytes_max\":1048576,"
                                  "\"input_bytes_max\":1048576,\"rules_max\":10}}"));
    return FB_OK;
}

static fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (request->struct_size < FB_SIZE_TO(fb_load_request, diagnostics)) return FB_REFUSED;
    if (loaded->struct_size < FB_SIZE_TO(fb_loaded, rules_loaded)) return FB_REFUSED;
    fb_content* content = calloc(1, sizeof *content);
    if (content == NULL) return FB_LIMIT;
    /* A member of version 2: there only in the hands of a host that has it. */
    const size_t grown = FB_SIZE_TO(fb_load_request, grown_in_version_2);
    content->extra = request->struct_size >= grown ? 1 : 0;
    loaded->content = content;
    loaded->files_loaded = loaded->rules_seen = loaded->rules_loaded = request->file_count;
    if (loaded->struct_size >= FB_SIZE_TO(fb_loaded, grown_in_version_2)) {
        memset(loaded->grown_in_version_2, 0x5A, sizeof loaded->grown_in_version_2);
    }
    return FB_OK;
}

static fb_status describe(const fb_content* content, const fb_text_sink* out) {
    (void)content;
    out->write(out->user, text_of("{\"rules\":[{\"name\":\"plain\"},{\"name\":\"grown\"}]}"));
    return FB_OK;
}

static fb_status inputs(fb_text type, const fb_text_sink* out) {
    (void)type;
    (void)out;
    return FB_REFUSED;
}

static fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                          const fb_match_sink* matches) {
    if (input->struct_size < FB_SIZE_TO(fb_input, as)) return FB_REFUSED;
    if (budget->struct_size < FB_SIZE_TO(fb_budget, matches_max)) return FB_REFUSED;
    const fb_match match = {.struct_size = sizeof match,
                            .rule = text_of(content->extra != 0 ? "grown" : "plain")};
    return matches->match(matches->user, &match) == 0 ? FB_OK : FB_LIMIT;
}

static fb_status reset(fb_content* content) {
    (void)content;
    return FB_OK;
}

static fb_status unload(fb_content* content) {
    free(content);
    return FB_OK;
}

/* Two tables, because a table says which version it is of. That of version 1 may be longer than
 * version 1 knows: struct_size says so, and a host reads no further than it knows. */
#define TABLE(version)                                                                           \
    {                                                                                            \
        version, sizeof(fb_engine), info, load, describe, inputs, evaluate, reset, unload, NULL, \
            NULL, reset                                                                          \
    }
static const fb_engine tables[] = {TABLE(1), TABLE(2)};

FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version);
FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == 1 || host_abi_version == 2 ? &tables[host_abi_version - 1] : NULL;
}
