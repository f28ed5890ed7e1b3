/* The sensor ABI: what a detection engine offers, so that Firebreak can drive it.
 *
 * An engine is a shared library that exports one symbol, FB_SENSOR_SYMBOL. The validator drives it
 * in a sandbox, the agent loads the same file on the endpoint, and the SHA-256 of that file is the
 * build's identity in every attestation. How to write one: docs/sensor-abi.md.
 *
 * Rules of this header:
 *   - Sizes first. A struct that may grow starts with struct_size, set by the side that fills it to
 *     its own sizeof. The other side reads nothing beyond it. New members are added at the end.
 *     The element types of arrays (fb_file, fb_field) and the plain views (fb_text, fb_bytes) never
 *     change: their size is part of ABI 1.
 *   - Every pointer to data comes with a length. Text is UTF-8 and not terminated. A pointer may be
 *     NULL only where its length is 0.
 *   - Whoever passes data keeps it. It is valid until the call returns, or, in a callback, until
 *     the callback returns. Who needs it longer makes a copy. The one thing that is handed over is
 *     an fb_content, from load() until unload().
 *   - Nothing unwinds across the border: no exception, no longjmp, in either direction.
 *   - A status that is not FB_OK is a failure, and so is one that this header does not name.
 *
 * What an engine must leave alone, because it lives in somebody else's process: signal handlers and
 * masks, file descriptors it did not open, the environment, the locale, stdout and stderr, child
 * processes, the network. The host checks what it can.
 *
 * Threads: the host calls one engine from one thread at a time. Several contents of one engine may
 * be loaded at once. An engine starts no threads that outlive a call.
 *
 * C11 and C++11. Version 1.
 */
#ifndef FIREBREAK_SENSOR_H
#define FIREBREAK_SENSOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FB_SENSOR_ABI_VERSION 1u

/* How long a struct was when `member` was its last: what a struct_size has to reach before the
 * member may be read. */
#define FB_SIZE_TO(type, member) (offsetof(type, member) + sizeof(((type*)0)->member))

/* The one exported symbol, of type fb_sensor_entry. */
#define FB_SENSOR_SYMBOL "firebreak_sensor"

#if defined(_WIN32)
#define FB_SENSOR_EXPORT __declspec(dllexport)
#else
#define FB_SENSOR_EXPORT __attribute__((visibility("default")))
#endif

/* An int32_t and not an enum type, so that a value nobody named can be carried, and refused. */
typedef int32_t fb_status;
enum {
    FB_OK = 0,
    FB_REFUSED = 1, /* The content or the argument is not acceptable. */
    FB_LIMIT = 2,   /* A limit of the caller or of the engine was met; the result is incomplete. */
    FB_TIMEOUT = 3, /* The budget's time ran out; the result is incomplete. */
    FB_INTERNAL = 4 /* A fault in the engine, or the system refused it something. */
};

typedef struct fb_text {
    const char* data;
    size_t length;
} fb_text;

typedef struct fb_bytes {
    const uint8_t* data;
    size_t length;
} fb_bytes;

/* ---- Callbacks --------------------------------------------------------------------------- */

/* Takes one JSON text (RFC 8259), whole, in one call. */
typedef struct fb_text_sink {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void* user;
    void (*write)(void* user, fb_text json);
} fb_text_sink;

enum { FB_SEVERITY_ERROR = 1, FB_SEVERITY_WARNING = 2 };

typedef struct fb_diagnostic {
    uint32_t struct_size;
    uint32_t severity; /* FB_SEVERITY_*. Anything else counts as an error. */
    fb_text file;      /* As in fb_file.name; empty: not about one file. */
    fb_text message;   /* One line, for the person who wrote the content. */
    uint32_t line;     /* From 1; 0: not known. */
    uint32_t reserved; /* 0 */
} fb_diagnostic;

typedef struct fb_diagnostic_sink {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void* user;
    void (*report)(void* user, const fb_diagnostic* diagnostic);
} fb_diagnostic_sink;

typedef struct fb_match {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    fb_text rule;      /* The rule's name, unique within the content. */
    fb_text detail;    /* What matched and where, one line; may be empty. */
} fb_match;

typedef struct fb_match_sink {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void* user;
    /* 0: go on. Anything else: stop; evaluate() then returns FB_LIMIT. */
    int32_t (*match)(void* user, const fb_match* match);
} fb_match_sink;

/* ---- Loading ----------------------------------------------------------------------------- */

/* One file of content. Frozen. */
typedef struct fb_file {
    fb_text name;
    fb_bytes bytes;
} fb_file;

typedef struct fb_load_request {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    const fb_file* files;
    size_t file_count;
    uint64_t rules_max;        /* More rules than this: FB_LIMIT. */
    uint64_t memory_bytes_max; /* For this content while it is loaded and used; 0: the engine's own
                                  limit. Honoured when info() says "accounts_memory". */
    const fb_diagnostic_sink* diagnostics;
} fb_load_request;

typedef struct fb_content fb_content; /* The engine's own; opaque to the host. */

/* What load() did. The host sets struct_size; the engine fills the rest. The counts are there to be
 * compared: rules that were seen and not loaded are a partial load, which is a failure, whatever
 * the status says. */
typedef struct fb_loaded {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    fb_content* content;
    uint64_t files_loaded;
    uint64_t rules_seen;
    uint64_t rules_loaded;
} fb_loaded;

/* ---- Inputs ------------------------------------------------------------------------------ */

/* How the bits of one event field are to be read. */
enum {
    FB_FIELD_ABSENT = 0,  /* The sensor has no value for it here. */
    FB_FIELD_BOOLEAN = 1, /* integer: 0 or 1. */
    FB_FIELD_INTEGER = 2, /* integer. */
    FB_FIELD_TEXT = 3,    /* data, length: UTF-8 where the system gives UTF-8. */
    FB_FIELD_BYTES = 4,   /* data, length. */
};

/* One field of an event. Frozen: 32 bytes on 64-bit systems. */
typedef struct fb_field {
    uint32_t type;     /* FB_FIELD_*. */
    uint32_t reserved; /* 0 */
    int64_t integer;
    const uint8_t* data;
    size_t length;
} fb_field;

/* The bytes of one file. */
typedef struct fb_file_input {
    fb_text name; /* For messages and rules about names; never opened. */
    fb_bytes bytes;
} fb_file_input;

/* One event, as the sensor's integration really supplies it: field_count says how many fields there
 * are, whatever a contract document promises. An engine that reads fields[field_count] reads
 * memory that is not there; the validator puts an unmapped page behind the last one. */
typedef struct fb_event_input {
    fb_text contract; /* "process_creation/v1". */
    const fb_field* fields;
    size_t field_count;
} fb_event_input;

enum { FB_INPUT_FILE = 1, FB_INPUT_EVENT = 2 };

typedef struct fb_input {
    uint32_t struct_size;
    uint32_t kind; /* FB_INPUT_*. An engine answers a kind that it does not know with FB_REFUSED. */
    union {
        fb_file_input file;
        fb_event_input event;
    } as;
} fb_input;

typedef struct fb_budget {
    uint32_t struct_size;
    uint32_t timeout_ms;  /* Of wall time; 0: none left, answer FB_TIMEOUT. */
    uint64_t matches_max; /* More matches than this: FB_LIMIT. */
} fb_budget;

/* ---- Memory ------------------------------------------------------------------------------ */

/* What an engine that says "takes_allocator" in info() allocates with. allocate and reallocate may
 * return NULL at any call: that is what they are for. Alignment: 16. */
typedef struct fb_allocator {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void* user;
    void* (*allocate)(void* user, size_t bytes);
    void* (*reallocate)(void* user, void* block, size_t bytes);
    void (*release)(void* user, void* block);
} fb_allocator;

/* ---- The engine -------------------------------------------------------------------------- */

/* The table behind the exported symbol: static, constant, complete. */
typedef struct fb_engine {
    uint32_t abi_version; /* FB_SENSOR_ABI_VERSION */
    uint32_t struct_size; /* sizeof(fb_engine) */

    /* Writes the capability manifest (docs/sensor-abi.md): what *this build* can do, produced by
     * its code and not by a document about it. The same text at every call. */
    fb_status (*info)(const fb_text_sink* out);

    /* Loads all of the content, or none of it.
     *
     * Reports what is wrong, with its place, to request->diagnostics; warnings too. With FB_OK,
     * loaded->content is what the other calls take; otherwise it is NULL and nothing stays. */
    fb_status (*load)(const fb_load_request* request, fb_loaded* loaded);

    /* Writes what the content declares: rules with file and line, strings, criteria, modules. */
    fb_status (*describe)(const fb_content* content, const fb_text_sink* out);

    /* Writes what the integration really supplies for an input type: "file", or an event contract
     * with its fields in order. FB_REFUSED for a type it does not supply. */
    fb_status (*inputs)(fb_text type, const fb_text_sink* out);

    /* Runs the content over one input. Matches reported before a status other than FB_OK do not
     * count: rules that had not run yet cannot be told from rules that did not match. */
    fb_status (*evaluate)(fb_content* content, const fb_input* input, const fb_budget* budget,
                          const fb_match_sink* matches);

    /* Forgets whatever was kept from one input for the next. */
    fb_status (*reset)(fb_content* content);

    /* Gives everything back. Not to be called twice. NULL is allowed and does nothing. */
    fb_status (*unload)(fb_content* content);

    /* Optional, may be NULL. Takes the allocator for everything from here on; NULL: the C library's
     * again. FB_REFUSED while a content is loaded. */
    fb_status (*set_allocator)(const fb_allocator* allocator);

    /* Optional: may be NULL, and a table whose struct_size ends before it has none. Tells which
     * fields of events the content's rules have really been asked about.
     *
     * With out == NULL: forgets what was measured, and measures from here on. Otherwise: writes
     * what evaluate() has read since then, as JSON (docs/sensor-abi.md, "Coverage"); FB_REFUSED
     * when nothing is being measured. Measuring changes no answer, only what it costs. */
    fb_status (*coverage)(fb_content* content, const fb_text_sink* out);
} fb_engine;

/* @param host_abi_version  What the host speaks: FB_SENSOR_ABI_VERSION of its build.
 * @returns the table, or NULL when this engine does not speak that version. */
typedef const fb_engine* (*fb_sensor_entry)(uint32_t host_abi_version);

#ifdef __cplusplus
}
#endif

#endif
