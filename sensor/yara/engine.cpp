#include <yara.h>

#include <new>

#include "sensor/kit/json_writer.hpp"
#include "sensor/sensor.h"
#include "sensor/yara/library.hpp"
#include "sensor/yara/rule_set.hpp"

/// The yara engine: sensor.h over libyara. This file is the border: it checks what the host passes,
/// and lets no exception out.

struct fb_content {
    std::unique_ptr<firebreak::yara::RuleSet> rules;
};

namespace firebreak::yara {
namespace {

#ifdef FIREBREAK_DEMO_FAULT
constexpr const char* kVersion = YR_VERSION "+demo";
#else
constexpr const char* kVersion = YR_VERSION;
#endif

constexpr std::uint64_t kContentBytesMax = 64U << 20U;
constexpr std::uint64_t kInputBytesMax = 1U << 30U;
constexpr std::uint64_t kRulesMax = 200'000;

std::uint64_t contents_loaded = 0;

bool proper(const fb_text& text) {
    return text.data != nullptr || text.length == 0;
}
bool proper(const fb_bytes& bytes) {
    return bytes.data != nullptr || bytes.length == 0;
}
bool proper(const fb_text_sink* sink) {
    return sink != nullptr && sink->struct_size >= sizeof(fb_text_sink) && sink->write != nullptr;
}
bool proper(const fb_load_request* request) {
    if (request == nullptr || request->struct_size < sizeof(fb_load_request)) return false;
    if (request->files == nullptr || request->file_count == 0) return false;
    for (std::size_t i = 0; i < request->file_count; ++i) {
        if (!proper(request->files[i].name) || !proper(request->files[i].bytes)) return false;
    }
    const fb_diagnostic_sink* sink = request->diagnostics;
    return sink == nullptr ||
           (sink->struct_size >= sizeof(fb_diagnostic_sink) && sink->report != nullptr);
}

/// Runs `call`; what it throws (memory, in practice) is a status, not an exception.
template <class Call>
fb_status guarded(Call call) noexcept {
    try {
        return start_library() ? call() : FB_INTERNAL;
    } catch (const std::bad_alloc&) {
        return FB_LIMIT;
    } catch (...) {
        return FB_INTERNAL;
    }
}

fb_status write_text(const fb_text_sink& out, const std::string& text) {
    out.write(out.user, {text.data(), text.size()});
    return FB_OK;
}

std::string manifest() {
    sensor_kit::JsonWriter out;
    out.open_object();
    out.key("manifest_version").value(std::uint64_t{1});
    out.key("name").value("yara");
    out.key("version").value(kVersion);
    out.key("build_id").value(build_id());
    out.key("content_types").open_array().value("yara-source").close_array();
    out.key("input_kinds").open_array().value("file").close_array();
    out.key("contracts").open_array().close_array();
    out.key("capabilities").open_array();
    for (const std::string& capability : capabilities()) out.value(capability);
    out.close_array();
    out.key("limits").open_object();
    out.key("content_bytes_max").value(kContentBytesMax);
    out.key("input_bytes_max").value(kInputBytesMax);
    out.key("rules_max").value(kRulesMax);
    out.close_object();
    out.key("accounts_memory").value(true);
    out.key("takes_allocator").value(true);
    out.key("deterministic").value(true);
    return out.close_object().text();
}

fb_status info(const fb_text_sink* out) {
    if (!proper(out)) return FB_REFUSED;
    return guarded([out] { return write_text(*out, manifest()); });
}

fb_status load_content(const fb_load_request& request, fb_loaded& loaded) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < request.file_count; ++i) bytes += request.files[i].bytes.length;
    if (bytes > kContentBytesMax || request.rules_max > kRulesMax) return FB_LIMIT;

    auto content = std::make_unique<fb_content>();
    fb_status status = FB_INTERNAL;
    content->rules = RuleSet::compile(request, status);
    if (status != FB_OK) return status;
    loaded.files_loaded = request.file_count;
    loaded.rules_seen = content->rules->rules_seen();
    loaded.rules_loaded = content->rules->rule_count();
    loaded.content = content.release();
    ++contents_loaded;
    return FB_OK;
}

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (loaded == nullptr || loaded->struct_size < sizeof(fb_loaded)) return FB_REFUSED;
    loaded->content = nullptr;
    if (!proper(request)) return FB_REFUSED;
    return guarded([request, loaded] { return load_content(*request, *loaded); });
}

fb_status describe(const fb_content* content, const fb_text_sink* out) {
    if (content == nullptr || !proper(out)) return FB_REFUSED;
    return guarded([content, out] { return write_text(*out, content->rules->describe()); });
}

fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (!proper(type) || !proper(out)) return FB_REFUSED;
    if (std::string_view(type.data, type.length) != "file") return FB_REFUSED;
    return guarded([out] {
        sensor_kit::JsonWriter json;
        json.open_object().key("type").value("file").key("fields").open_array();
        json.open_object().key("name").value("bytes").key("type").value("bytes");
        json.key("bytes_max").value(kInputBytesMax).close_object();
        json.close_array().close_object();
        return write_text(*out, json.text());
    });
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* matches) {
    if (content == nullptr || input == nullptr || input->struct_size < sizeof(fb_input) ||
        input->kind != FB_INPUT_FILE || !proper(input->as.file.bytes)) {
        return FB_REFUSED;
    }
    if (budget == nullptr || budget->struct_size < sizeof(fb_budget) || matches == nullptr ||
        matches->struct_size < sizeof(fb_match_sink) || matches->match == nullptr) {
        return FB_REFUSED;
    }
    if (input->as.file.bytes.length > kInputBytesMax) return FB_LIMIT;
    return guarded([content, input, budget, matches] {
        return content->rules->scan(input->as.file.bytes, *budget, *matches);
    });
}

fb_status reset(fb_content* content) {
    if (content == nullptr) return FB_REFUSED;
    content->rules->reset();
    return FB_OK;
}

fb_status unload(fb_content* content) {
    if (content == nullptr) return FB_OK;
    delete content;
    --contents_loaded;
    return FB_OK;
}

fb_status set_allocator(const fb_allocator* allocator) {
    const bool whole =
        allocator == nullptr ||
        (allocator->struct_size >= sizeof(fb_allocator) && allocator->allocate != nullptr &&
         allocator->reallocate != nullptr && allocator->release != nullptr);
    if (!whole || contents_loaded != 0) return FB_REFUSED;
    return use_allocator(allocator) ? FB_OK : FB_REFUSED;
}

constexpr fb_engine kEngine = {
    FB_SENSOR_ABI_VERSION,
    sizeof(fb_engine),
    &info,
    &load,
    &describe,
    &inputs,
    &evaluate,
    &reset,
    &unload,
    &set_allocator,
    nullptr,
};

}  // namespace
}  // namespace firebreak::yara

extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &firebreak::yara::kEngine : nullptr;
}
