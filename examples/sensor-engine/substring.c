/* The smallest useful engine: a rule is one line, "name: text", and matches an input that contains
 * the text. C11, no library. docs/sensor-abi.md explains it part by part; tests/unit/sensor/example
 * drives it.
 *
 *     cc -std=c11 -O2 -shared -fPIC -fvisibility=hidden -I. \
 *         examples/sensor-engine/substring.c -o substring.so
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/sensor.h"

enum { RULES_MAX = 1000, NAME_MAX_BYTES = 64 };

struct rule {
    char name[NAME_MAX_BYTES + 1];
    uint8_t* text;
    size_t length;
    uint32_t line;
};

struct fb_content {
    size_t count;
    struct rule rules[RULES_MAX];
};

/* ---- What this build can do -------------------------------------------------------------- */

static fb_text text_of(const char* text) {
    return (fb_text){text, strlen(text)};
}

/* A struct is at least as long as this version has it: what is longer is of a later version, and
 * what is shorter cannot be read. */
static bool whole(uint32_t struct_size, size_t least) {
    return struct_size >= least;
}

static fb_status info(const fb_text_sink* out) {
    if (!whole(out->struct_size, FB_SIZE_TO(fb_text_sink, write))) return FB_REFUSED;
    out->write(out->user,
               text_of("{\"manifest_version\":1,\"name\":\"substring\",\"version\":\"1.0\","
                       "\"build_id\":\"example\",\"content_types\":[\"substring-list\"],"
                       "\"input_kinds\":[\"file\"],\"contracts\":[],\"capabilities\":[],"
                       "\"limits\":{\"content_bytes_max\":1048576,"
                       "\"input_bytes_max\":67108864,\"rules_max\":1000}}"));
    return FB_OK;
}

static fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (!whole(out->struct_size, FB_SIZE_TO(fb_text_sink, write))) return FB_REFUSED;
    if (type.length != 4 || memcmp(type.data, "file", 4) != 0) return FB_REFUSED;
    out->write(out->user,
               text_of("{\"type\":\"file\",\"fields\":[{\"name\":\"bytes\",\"type\":\"bytes\","
                       "\"bytes_max\":67108864}]}"));
    return FB_OK;
}

/* ---- Loading: all of it or nothing ------------------------------------------------------- */

static fb_status unload(fb_content* content) {
    if (content == NULL) return FB_OK;
    for (size_t i = 0; i < content->count; ++i) free(content->rules[i].text);
    free(content);
    return FB_OK;
}

static fb_status refuse(const fb_load_request* request, const fb_file* file, uint32_t line,
                        const char* message) {
    if (request->diagnostics != NULL) {
        const fb_diagnostic diagnostic = {
            sizeof diagnostic, FB_SEVERITY_ERROR, file->name, text_of(message), line, 0};
        request->diagnostics->report(request->diagnostics->user, &diagnostic);
    }
    return FB_REFUSED;
}

/* Names go into reports and JSON: letters, digits, '_' and '-'. */
static bool valid_name(const uint8_t* name, size_t length) {
    if (length == 0 || length > NAME_MAX_BYTES) return false;
    for (size_t i = 0; i < length; ++i) {
        const uint8_t c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
    }
    return true;
}

/* "name: text" in [line, line + length). */
static fb_status add_rule(fb_content* content, const fb_load_request* request, const fb_file* file,
                          uint32_t number, fb_bytes line) {
    const uint8_t* colon = memchr(line.data, ':', line.length);
    if (colon == NULL) return refuse(request, file, number, "expected \"name: text\"");
    const size_t name_length = (size_t)(colon - line.data);
    if (!valid_name(line.data, name_length)) {
        return refuse(request, file, number, "a name is 1 to 64 of [A-Za-z0-9_-]");
    }
    const size_t skip = name_length + 1 < line.length && colon[1] == ' ' ? 2 : 1;
    const size_t length = line.length - name_length - skip;
    if (length < 4) return refuse(request, file, number, "a text has at least 4 bytes");
    for (size_t i = 0; i < content->count; ++i) {
        const char* other = content->rules[i].name;
        if (strlen(other) == name_length && memcmp(other, line.data, name_length) == 0) {
            return refuse(request, file, number, "this name is taken");
        }
    }
    if (content->count == RULES_MAX || content->count >= request->rules_max) return FB_LIMIT;

    struct rule* rule = &content->rules[content->count];
    rule->text = malloc(length);
    if (rule->text == NULL) return FB_LIMIT;
    memcpy(rule->text, colon + skip, length);
    memcpy(rule->name, line.data, name_length);
    rule->name[name_length] = '\0';
    rule->length = length;
    rule->line = number;
    ++content->count;
    return FB_OK;
}

static fb_status add_file(fb_content* content, const fb_load_request* request,
                          const fb_file* file) {
    const uint8_t* at = file->bytes.data;
    size_t left = file->bytes.length;
    for (uint32_t number = 1; left > 0; ++number) {
        const uint8_t* end = memchr(at, '\n', left);
        const size_t length = end != NULL ? (size_t)(end - at) : left;
        if (length > 0) {
            const fb_status status =
                add_rule(content, request, file, number, (fb_bytes){at, length});
            if (status != FB_OK) return status;
        }
        const size_t used = end != NULL ? length + 1 : length;
        at += used;
        left -= used;
    }
    return FB_OK;
}

static fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (!whole(loaded->struct_size, FB_SIZE_TO(fb_loaded, rules_loaded))) return FB_REFUSED;
    loaded->content = NULL;
    if (!whole(request->struct_size, FB_SIZE_TO(fb_load_request, diagnostics))) return FB_REFUSED;
    if (request->diagnostics != NULL &&
        !whole(request->diagnostics->struct_size, FB_SIZE_TO(fb_diagnostic_sink, report))) {
        return FB_REFUSED;
    }
    fb_content* content = calloc(1, sizeof *content);
    if (content == NULL) return FB_LIMIT;
    for (size_t i = 0; i < request->file_count; ++i) {
        const fb_status status = add_file(content, request, &request->files[i]);
        if (status != FB_OK) {
            unload(content);
            return status;
        }
    }
    loaded->content = content;
    loaded->files_loaded = request->file_count;
    loaded->rules_seen = content->count;
    loaded->rules_loaded = content->count;
    return FB_OK;
}

/* ---- Running ----------------------------------------------------------------------------- */

static bool contains(fb_bytes input, const struct rule* rule) {
    if (input.length < rule->length) return false;
    for (size_t i = 0; i <= input.length - rule->length; ++i) {
        if (memcmp(input.data + i, rule->text, rule->length) == 0) return true;
    }
    return false;
}

static fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                          const fb_match_sink* matches) {
    if (!whole(input->struct_size, FB_SIZE_TO(fb_input, as)) ||
        !whole(budget->struct_size, FB_SIZE_TO(fb_budget, matches_max)) ||
        !whole(matches->struct_size, FB_SIZE_TO(fb_match_sink, match))) {
        return FB_REFUSED;
    }
    if (input->kind != FB_INPUT_FILE) return FB_REFUSED;
    if (budget->timeout_ms == 0) return FB_TIMEOUT;
    uint64_t left = budget->matches_max;
    for (size_t i = 0; i < content->count; ++i) {
        const struct rule* rule = &content->rules[i];
        if (!contains(input->as.file.bytes, rule)) continue;
        if (left-- == 0) return FB_LIMIT;
        const fb_match match = {sizeof match, 0, text_of(rule->name), {NULL, 0}};
        if (matches->match(matches->user, &match) != 0) return FB_LIMIT;
    }
    return FB_OK;
}

static fb_status describe(const fb_content* content, const fb_text_sink* out) {
    if (!whole(out->struct_size, FB_SIZE_TO(fb_text_sink, write))) return FB_REFUSED;
    const size_t room = 32 + content->count * (NAME_MAX_BYTES + 64);
    char* json = malloc(room);
    if (json == NULL) return FB_LIMIT;
    size_t used = (size_t)snprintf(json, room, "{\"rules\":[");
    for (size_t i = 0; i < content->count; ++i) {
        const struct rule* rule = &content->rules[i];
        used += (size_t)snprintf(json + used, room - used, "%s{\"name\":\"%s\",\"line\":%u}",
                                 i == 0 ? "" : ",", rule->name, rule->line);
    }
    used += (size_t)snprintf(json + used, room - used, "]}");
    out->write(out->user, (fb_text){json, used});
    free(json);
    return FB_OK;
}

static fb_status reset(fb_content* content) {
    (void)content; /* Nothing is kept between inputs. */
    return FB_OK;
}

static const fb_engine engine = {
    FB_SENSOR_ABI_VERSION,
    sizeof engine,
    info,
    load,
    describe,
    inputs,
    evaluate,
    reset,
    unload,
    NULL,
    NULL,
};

FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version);
FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &engine : NULL;
}
